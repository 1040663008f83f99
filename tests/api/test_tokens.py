"""Who must have a second factor, and tokens that reach as far as their scopes: over the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from api.auth import COOKIE
from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.tenancy import Role, system_actor
from ledger.people import communities, phones, second_factor, sessions
from ledger.people.models import Oversight, SessionKind
from tests.api.calling import NOW, Caller, enrolled, staff_member
from tests.stories import Neighbour, Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    with clock.set_to(NOW):
        yield open_neighbourhood()


@pytest.fixture
def staff(place: Neighbourhood) -> tuple[str, Neighbour]:
    """A stamper with a phone we know."""
    return staff_member(place, Role.STAMPER)


@pytest.fixture
def call(client: FlaskClient, place: Neighbourhood) -> Callable[..., Caller]:
    return lambda token="": Caller(client, token)


def actions(action: str) -> list[str]:
    db.session.close()
    return list(db.session.scalars(select(AuditLine.outcome).where(AuditLine.action == action)))


# --- who must have one ------------------------------------------------------------------------------------------


@pytest.fixture
def required() -> Iterator[None]:
    second_factor.require_it(True)
    yield
    second_factor.require_it(False)


def test_a_treasurer_without_a_second_factor_is_none_until_there_is_one(call, place, required):
    phone, _ = staff_member(place, Role.TREASURER)
    weak = call()
    weak.sign_in(phone)
    assert weak.get("/me").json["memberships"][0]["roles"] == ["volunteer"]
    refused = weak.get(f"/communities/{place.id.hex}/funds")
    assert (refused.status_code, refused.json["code"]) == (403, "second_factor_required")
    strong, totp, _ = enrolled(call, phone)
    assert strong.get("/me").json["memberships"][0]["roles"] == ["treasurer", "volunteer"]
    assert strong.get(f"/communities/{place.id.hex}/funds").status_code == 200
    assert weak.get(f"/communities/{place.id.hex}/funds").status_code == 403, "the session from before stays weak"
    assert strong.post("/me/totp/remove", {"totp": totp.at(clock.now())}).status_code == 204
    assert strong.get(f"/communities/{place.id.hex}/funds").status_code == 403


def test_other_roles_need_none(call, place, staff, required):
    caller = call()
    caller.sign_in(staff[0])
    assert caller.get("/me").json["memberships"][0]["roles"] == ["stamper", "volunteer"]


def test_an_operator_without_a_second_factor_opens_no_community(call, place, required):
    phone = next_phone()
    person_id = phones.add_person(phone)
    communities.give_oversight(system_actor(None), person_id, role=Oversight.OPERATOR)
    weak = call()
    weak.sign_in(phone)
    body = {"name": "新社区", "staff": [next_phone(), next_phone()]}
    assert weak.post("/communities", body).status_code == 403
    strong, _, _ = enrolled(call, phone)
    assert strong.post("/communities", body).status_code == 201


def test_a_token_is_as_strong_as_the_sign_in_that_made_it(call, place, required):
    phone, _ = staff_member(place, Role.TREASURER)
    weak = call()
    weak.sign_in(phone)
    made = weak.post("/me/tokens", {"name": "弱", "scopes": ["read"]}).json["token"]
    strong, _, _ = enrolled(call, phone)
    token = strong.post("/me/tokens", {"name": "强", "scopes": ["read"]}).json["token"]
    assert call(made).get(f"/communities/{place.id.hex}/funds").status_code == 403
    assert call(token).get(f"/communities/{place.id.hex}/funds").status_code == 200


def test_the_operators_reset_ends_second_factor_and_sessions(call, staff):
    caller, _, _ = enrolled(call, staff[0])
    second_factor.reset(staff[1].person_id)
    assert caller.get("/me").status_code == 401
    assert call().sign_in(staff[0]).status_code == 200
    assert actions("people.reset_second_factor") == ["done"]


# --- tokens -----------------------------------------------------------------------------------------------------


def token_of(caller: Caller, *scopes: str, **more: Any) -> str:
    answer = caller.post("/me/tokens", {"name": "程序", "scopes": list(scopes), **more})
    assert answer.status_code == 201, answer.json
    return str(answer.json["token"])


def test_a_token_is_shown_once_listed_by_name_and_stored_hashed(call, staff):
    caller = call(staff[1].token)
    token = token_of(caller, "read", "till", days=30)
    [listed] = caller.get("/me/tokens").json["items"]
    assert (listed["name"], listed["scopes"]) == ("程序", ["read", "till"])
    assert listed["expires_at"].startswith("2026-12-20")
    assert "token" not in listed
    assert all(one["id"] != listed["id"] for one in caller.get("/me/sessions").json["items"])
    assert call(token).get("/me").status_code == 200


def test_a_token_reaches_as_far_as_its_scopes(call, place):
    """A table: which of these calls each scope lets through to the verb (403 scope_missing is not let through)."""
    person, here = call(place.admin.token), f"/communities/{place.id.hex}"
    calls = {
        "read members": ("get", f"{here}/members"),
        "read checkins": ("get", f"{here}/checkins"),
        "read offers": ("get", f"{here}/offers"),
        "record": ("post", f"{here}/checkins"),
        "till": ("post", f"{here}/till"),
        "redeem": ("post", f"{here}/redemptions"),
        "add a unit": ("post", f"{here}/units"),
        "make a token": ("post", "/me/tokens"),
        "grant a device": ("post", f"{here}/device-grants"),
        "set a password": ("post", "/me/password"),
        "see my tokens": ("get", "/me/tokens"),
        "who am I": ("get", "/me"),
    }
    reads = {"read members", "read checkins", "read offers", "who am I"}
    expected = {
        "read": reads,
        "record": {"record", "who am I"},
        "checkins": {"read checkins", "record", "who am I"},
        "till": {"read offers", "till", "redeem", "who am I"},
        "everything": reads | {"record", "till", "redeem", "add a unit"},
    }
    found = {}
    for scope in expected:
        caller = call(token_of(person, scope))
        answers = {name: getattr(caller, method)(path) for name, (method, path) in calls.items()}
        found[scope] = {name for name, one in answers.items() if one.json.get("code") != "scope_missing"}
        assert {one.status_code for name, one in answers.items() if name not in found[scope]} == {403}
    assert found == expected


def test_a_devices_grant_records_for_a_week_and_reads_nothing(call, place):
    here = f"/communities/{place.id.hex}"
    made = call(place.coordinator.token).post(f"{here}/device-grants", {"name": "巡逻手机"})
    assert (made.status_code, made.json["scopes"], made.json["name"]) == (201, ["record"], "巡逻手机")
    device = call(made.json["token"])
    assert device.post(f"{here}/checkins/batch", {"items": []}).status_code == 422
    for path in ("/checkins", "/members", "/activities"):
        assert device.get(here + path).json["code"] == "scope_missing"
    [listed] = call(place.coordinator.token).get("/me/tokens").json["items"]
    assert listed["id"] == made.json["id"]
    clock.advance(days=7)
    assert device.get("/me").status_code == 401


def test_a_token_reaches_no_further_than_its_person(call, place):
    caller = call(token_of(call(place.volunteer().token), "everything"))
    assert caller.get(f"/communities/{place.id.hex}/funds").json["code"] == "forbidden"


def test_a_token_expires_and_is_revoked_at_once(call, staff):
    caller = call(staff[1].token)
    short, long = token_of(caller, "read", days=1), token_of(caller, "read", days=365)
    newest = caller.get("/me/tokens").json["items"][0]
    assert caller.delete(f"/me/tokens/{newest['id']}").status_code == 204
    assert caller.delete(f"/me/tokens/{newest['id']}").status_code == 404
    assert call(long).get("/me").status_code == 401
    clock.advance(days=1)
    assert call(short).get("/me").status_code == 401


def test_nobody_revokes_another_persons_token_and_no_sign_in_as_a_token(call, staff, place):
    caller, other = call(staff[1].token), call(place.admin.token)
    token_of(caller, "read")
    token_id = caller.get("/me/tokens").json["items"][0]["id"]
    assert other.delete(f"/me/tokens/{token_id}").status_code == 404
    session_id = caller.get("/me/sessions").json["items"][0]["id"]
    assert caller.delete(f"/me/tokens/{session_id}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["admin"]}, {"days": 366}, {"days": 0}, {"name": " "}, {"scopes": "read"}],
)
def test_a_token_has_a_name_known_scopes_and_an_end(call, staff, wrong):
    body = {"name": "程序", "scopes": ["read"], "days": 30} | wrong
    assert call(staff[1].token).post("/me/tokens", body).status_code == 422


def test_nobody_has_more_than_fifty_tokens(call, staff):
    caller = call(staff[1].token)
    for _ in range(50):
        token_of(caller, "read")
    answer = caller.post("/me/tokens", {"name": "程序", "scopes": ["read"]})
    assert answer.json["code"] == "too_many_tokens"


def test_a_token_opens_no_page(client, call, staff):
    client.set_cookie(COOKIE, token_of(call(staff[1].token), "everything"))
    assert client.get("/me/devices").status_code == 403


def test_signing_out_everywhere_else_leaves_the_tokens(call, staff):
    caller = call(staff[1].token)
    token = token_of(caller, "read")
    sessions.open_session(staff[1].person_id, kind=SessionKind.BROWSER)
    assert caller.post("/me/sessions/revoke-others").json == {"signed_out": 1}
    assert call(token).get("/me").status_code == 200
