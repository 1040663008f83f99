"""Signing in, joining, and what a person may see of themself: the API as a client meets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.people import deliveries
from tests.stories import Neighbourhood, next_phone, open_neighbourhood

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def code_for(phone: str) -> str:
    message = deliveries.last_message_to(phone)
    assert message is not None
    return message.split("验证码 ")[1][:6]


def ask_code(client: FlaskClient, phone: str) -> str:
    assert client.post("/api/v1/sign-in/codes", json={"phone": phone}).status_code == 202
    return code_for(phone)


def sign_in(client: FlaskClient, phone: str, **more: object) -> dict[str, object]:
    answer = client.post("/api/v1/sign-in", json={"phone": phone, "code": ask_code(client, phone), **more})
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def bearer(signed_in: dict[str, object]) -> dict[str, str]:
    return {"Authorization": f"Bearer {signed_in['token']}"}


def test_a_new_person_signs_in_by_phone_and_code(client: FlaskClient, context: object) -> None:
    signed_in = sign_in(client, next_phone(), consents=["service"])
    me = client.get("/api/v1/me", headers=bearer(signed_in))
    assert me.json == {"person": signed_in["person"], "memberships": [], "counters": [], "oversight": []}


def test_the_same_phone_is_the_same_person(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    assert sign_in(client, phone)["person"] == sign_in(client, "+86" + phone)["person"]


def test_a_code_works_once(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    code = ask_code(client, phone)
    assert client.post("/api/v1/sign-in", json={"phone": phone, "code": code}).status_code == 200
    again = client.post("/api/v1/sign-in", json={"phone": phone, "code": code})
    assert (again.status_code, again.json["code"]) == (409, "code_expired")


def test_a_code_lives_five_minutes(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    with clock.set_to(NOW):
        code = ask_code(client, phone)
        clock.advance(minutes=5)
        late = client.post("/api/v1/sign-in", json={"phone": phone, "code": code})
    assert late.json["code"] == "code_expired"


def test_only_the_newest_code_counts(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    older, newer = ask_code(client, phone), ask_code(client, phone)
    if older != newer:
        assert client.post("/api/v1/sign-in", json={"phone": phone, "code": older}).json["code"] == "code_wrong"


def test_the_sixth_try_is_refused_even_with_the_right_code(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    code = ask_code(client, phone)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    tries = [client.post("/api/v1/sign-in", json={"phone": phone, "code": wrong}).json["code"] for _ in range(5)]
    assert tries == ["code_wrong"] * 5
    assert client.post("/api/v1/sign-in", json={"phone": phone, "code": code}).json["code"] == "code_expired"


def test_codes_for_one_phone_are_limited_by_the_hour(client: FlaskClient, context: object) -> None:
    phone = next_phone()
    with clock.set_to(NOW):
        for _ in range(6):
            ask_code(client, phone)
        refused = client.post("/api/v1/sign-in/codes", json={"phone": phone})
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        clock.move_to(NOW + timedelta(hours=1))
        assert client.post("/api/v1/sign-in/codes", json={"phone": phone}).status_code == 202


@pytest.mark.parametrize(
    "phone", ["", "123", "23800000000", "1380000000٠", "1380000000x", "1" * 1000, None, 13800000000, []]
)
def test_a_malformed_phone_is_a_form_error(client: FlaskClient, context: object, phone: object) -> None:
    answer = client.post("/api/v1/sign-in/codes", json={"phone": phone})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert "phone" in answer.json["errors"]


def test_unknown_fields_are_refused(client: FlaskClient, context: object) -> None:
    answer = client.post("/api/v1/sign-in/codes", json={"phone": next_phone(), "admin": True})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["admin"])


def test_a_body_that_is_no_json_is_malformed(client: FlaskClient, context: object) -> None:
    answer = client.post("/api/v1/sign-in", data=b"{", content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_body")


def test_signing_out_kills_the_token_at_once(client: FlaskClient, context: object) -> None:
    mine = bearer(sign_in(client, next_phone()))
    session_id = client.get("/api/v1/me/sessions", headers=mine).json["items"][0]["id"]
    assert client.delete(f"/api/v1/me/sessions/{session_id}", headers=mine).status_code == 204
    assert client.get("/api/v1/me", headers=mine).json["code"] == "not_signed_in"


def test_nobody_ends_another_persons_session(client: FlaskClient, context: object) -> None:
    mine, other = bearer(sign_in(client, next_phone())), bearer(sign_in(client, next_phone()))
    session_id = client.get("/api/v1/me/sessions", headers=mine).json["items"][0]["id"]
    assert client.delete(f"/api/v1/me/sessions/{session_id}", headers=other).status_code == 404
    assert client.get("/api/v1/me", headers=mine).status_code == 200


def test_joining_needs_consent_and_makes_a_volunteer(client: FlaskClient, place: Neighbourhood) -> None:
    mine = bearer(sign_in(client, next_phone()))
    assert client.get(f"{place.url}/members", headers=mine).status_code == 404
    assert client.post(f"{place.url}/join", json={}, headers=mine).json["code"] == "consent_required"
    joined = client.post(f"{place.url}/join", json={"consents": ["service"], "name": "林秀芳"}, headers=mine)
    assert joined.status_code == 200
    assert client.post(f"{place.url}/join", json={}, headers=mine).json == joined.json
    membership = client.get("/api/v1/me", headers=mine).json["memberships"][0]
    assert (membership["member_name"], membership["roles"]) == ("林秀芳", ["volunteer"])
    balance = client.get(f"{place.url}/members/{joined.json['id']}/balance", headers=mine).json
    assert balance["available"] == 0


def test_consent_is_withdrawn_in_one_step(client: FlaskClient, context: object) -> None:
    mine = bearer(sign_in(client, next_phone(), consents=["service", "location"]))
    change = {"purpose": "location", "given": False}
    answer = client.post("/api/v1/me/consents", json=change, headers=mine).json
    assert answer["given"] == ["service"]
    assert {row["purpose"] for row in answer["history"] if row["withdrawn_at"]} == {"location"}


def test_problems_speak_the_language_asked_for(client: FlaskClient, context: object) -> None:
    for language, title in (("en", "Please sign in first."), ("zh-CN", "请先登录。")):
        answer = client.get("/api/v1/me", headers={"Accept-Language": language})
        assert (answer.status_code, answer.json["title"]) == (401, title)
        assert answer.content_type == "application/problem+json"


def test_a_phone_is_never_stored_in_the_clear(client: FlaskClient, context: object) -> None:
    from ledger.core.db import db
    from ledger.people.models import Delivery, Phone, SignInCode

    phone = next_phone()
    sign_in(client, phone)
    rows = [row for model in (Phone, SignInCode, Delivery) for row in db.session.query(model).all()]
    assert rows
    assert not [row for row in rows if phone in repr(vars(row))]
