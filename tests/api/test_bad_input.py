"""Bad input: a clear reason in both languages, and nothing recorded but the audit line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from ledger.core import audit, clock
from ledger.core.db import Base, db
from ledger.core.errors import REASONS
from tests.ledger.rewards.street import Street, open_street

QUIET = {"audit_lines", "once_keys", "alembic_version", "till_tries"}
"""What a refusal may leave: its audit line, its remembered answer, a counted try."""


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def rows() -> dict[str, int]:
    db.session.close()
    tables = [table for name, table in Base.metadata.tables.items() if name not in QUIET]
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "no JSON": ("redemptions", b"{", 400, "malformed_body"),
    "no UTF-8": ("redemptions", b'{"offer_id": "\xff"}', 400, "malformed_body"),
    "a list": ("redemptions", b"[]", 422, "invalid"),
    "a number": ("redemptions", b"7", 422, "invalid"),
    "null": ("redemptions", b"null", 422, "invalid"),
    "nothing": ("redemptions", b"", 422, "invalid"),
    "an unknown field": ("members", b'{"name": "a", "role": "admin"}', 422, "invalid"),
    "an unknown enumeration": ("units", b'{"name": "a", "kind": "castle", "parent_id": "x"}', 422, "invalid"),
    "an empty name": ("members", b'{"name": "   "}', 422, "invalid"),
    "a name that is a number": ("members", b'{"name": 7}', 422, "invalid"),
    "a name of 1 MB": ("members", b'{"name": "' + b"x" * 2**20 + b'"}', 422, "invalid"),
    "a name with NUL": ("members", b'{"name": "a\\u0000b"}', 422, "invalid"),
    "half a surrogate": ("members", b'{"name": "a\\ud800"}', 422, "invalid"),
    "a bidi control is no letter": ("members", b'{"name": "a\\u0007"}', 422, "invalid"),
    "a phone in a list": ("members", b'{"name": "a", "phone": ["13800000000"]}', 422, "invalid"),
    "nesting without end": ("members", b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "malformed_body"),
    "NaN": ("funds", b'{"name": NaN}', 422, "invalid"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_malformed_request_records_nothing(client: FlaskClient, street: Street, case: str) -> None:
    resource, body, status, code = BODIES[case]
    headers = street.place.admin.headers | {"Idempotency-Key": "bad", "Content-Type": "application/json"}
    before = rows()
    answer = client.post(f"{street.place.url}/{resource}", data=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert rows() == before


@pytest.mark.parametrize("quantity", [0, -1, 100, 10**30, 1.5, "1", True, None, [1]])
def test_a_quantity_is_a_small_whole_number(client: FlaskClient, street: Street, quantity: Any) -> None:
    body = {"offer_id": street.loaf.id.hex, "quantity": quantity, "via": {"merchant_code": street.poster.code}}
    headers = street.volunteer(100).headers | {"Idempotency-Key": "bad"}
    before = rows()
    answer = client.post(f"{street.place.url}/redemptions", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert rows() == before


@pytest.mark.parametrize("amount", [0, -5, 2**53, 10**40, "100", 0.5])
def test_money_is_whole_fen_within_bounds(client: FlaskClient, street: Street, amount: Any) -> None:
    body = {"amount_fen": amount, "donor": "某人"}
    path = f"{street.place.url}/funds/{street.fund.id.hex}/grants"
    before = rows()
    answer = client.post(path, json=body, headers=street.place.treasurer.headers | {"Idempotency-Key": "bad"})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert rows() == before


@pytest.mark.parametrize("name", ["😀👨‍👩‍👧", "محمد", "שלום", "林\u200d秀芳", "Ñandú", "𠮷野家"])
def test_every_script_is_a_name(client: FlaskClient, street: Street, name: str) -> None:
    made = client.post(f"{street.place.url}/members", json={"name": name}, headers=street.place.admin.headers)
    assert made.status_code == 201, made.json
    shown = client.get(f"{street.place.url}/members/{made.json['id']}", headers=street.place.admin.headers)
    assert shown.json["name"] == name


@pytest.mark.parametrize("code", ["XX-0000000", "", "NH-", "💐", "NH-" + "A" * 60, "'; DROP TABLE transfers; --"])
def test_an_unknown_poster_is_refused_with_its_reason(client: FlaskClient, street: Street, code: str) -> None:
    body = {"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": code}}
    before = rows()
    buyer = street.volunteer(100)
    before = rows()
    answer = client.post(f"{street.place.url}/redemptions", json=body, headers=buyer.headers | {"Idempotency-Key": "k"})
    assert answer.status_code in (409, 422)
    assert answer.json["code"] in REASONS
    assert rows() == before


@pytest.mark.parametrize(
    "happened_at", ["yesterday", "2026-11-20T10:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", 5]
)
def test_a_moment_has_an_offset_and_lies_in_our_time(client: FlaskClient, street: Street, happened_at: Any) -> None:
    body = {"activity_id": "0" * 32, "kind": "in", "via": {"poster_code": "NH-AAAAAAAAAA"}, "happened_at": happened_at}
    headers = street.volunteer(0).headers | {"Idempotency-Key": "k"}
    answer = client.post(f"{street.place.url}/checkins", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


@pytest.mark.parametrize("key", ["", " ", "x" * 129])
def test_points_do_not_move_without_a_key(client: FlaskClient, street: Street, key: str) -> None:
    body = {"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": street.poster.code}}
    headers = street.volunteer(100).headers | ({"Idempotency-Key": key} if key else {})
    answer = client.post(f"{street.place.url}/redemptions", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "key_required")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1e9", "cursor=" + "x" * 100])
def test_a_list_is_asked_for_within_bounds(client: FlaskClient, street: Street, query: str) -> None:
    answer = client.get(f"{street.place.url}/members?{query}", headers=street.place.admin.headers)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


def test_a_wrong_method_says_which_are_right(client: FlaskClient, street: Street) -> None:
    answer = client.delete(f"{street.place.url}/members", headers=street.place.admin.headers)
    assert (answer.status_code, answer.json["code"]) == (405, "wrong_method")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].replace(" ", "").split(","))


def test_a_body_of_seven_megabytes_is_too_large(client: FlaskClient, street: Street) -> None:
    headers = street.place.admin.headers | {"Content-Type": "application/json"}
    answer = client.post(f"{street.place.url}/members", data=b"x" * 7 * 2**20, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_every_reason_has_a_sentence_and_a_next_step_in_both_languages() -> None:
    for code, reason in REASONS.items():
        assert len(reason.zh) == len(reason.en) == 2, code
        assert any("一" <= char <= "鿿" for char in reason.zh[0]), code
        assert not any("一" <= char <= "鿿" for char in "".join(reason.en)), code


def test_a_refusal_leaves_its_audit_line(client: FlaskClient, street: Street) -> None:
    headers = street.volunteer(100).headers
    assert client.post(f"{street.place.url}/members", json={"name": "某人"}, headers=headers).status_code == 403
    db.session.close()
    last = db.session.execute(text("SELECT action, outcome FROM audit_lines ORDER BY id DESC LIMIT 1")).one()
    assert tuple(last) == ("members.post_member", "forbidden")


def test_the_audit_line_of_a_refusal_names_the_thing(client: FlaskClient, street: Street) -> None:
    bought = street.buy(street.volunteer(100))
    stranger = street.volunteer(name="陈刚")
    for method, path in (("GET", ""), ("POST", "/confirm")):
        url = f"{street.place.url}/redemptions/{bought.id.hex}{path}"
        client.open(url, method=method, headers=stranger.headers | {"Idempotency-Key": "some key"})
    lines = audit.list_lines(stranger.actor, limit=2)
    assert [(line.action, line.thing_id, line.outcome) for line in lines] == [
        ("redemptions.post_confirmation", bought.id, "forbidden"),
        ("redemptions.get_redemption", bought.id, "forbidden"),
    ]


LISTS = (
    "accounts", "activities", "agreements", "audit", "branches", "certificates", "checkins", "complaints", "disputes",
    "feedback", "flags", "funds", "households", "imports", "members", "merchants", "objections", "offers", "payouts",
    "programmes", "redemptions", "seals", "settlements", "summaries", "teams", "transfers", "units", "vouchers",
)  # fmt: skip


@pytest.mark.parametrize("question", ["colour=red", "limit=1&Limit=1", "page=2"])
def test_a_question_that_a_list_does_not_know_is_refused_by_its_name(
    client: FlaskClient, street: Street, question: str
) -> None:
    admin, unknown = street.place.admin, question.rpartition("&")[2].partition("=")[0]
    for name in LISTS:
        answer = client.get(f"{street.place.url}/{name}?{question}", headers=admin.headers)
        assert (name, answer.status_code, answer.json["code"]) == (name, 422, "invalid")
        assert list(answer.json["errors"]) == [unknown]


def test_every_question_that_clients_were_told_of_is_answered(client: FlaskClient, street: Street) -> None:
    admin, thing = street.place.admin, street.branch.id.hex
    assert admin.member_id is not None
    mine = f"members/{admin.member_id.hex}"
    questions = (
        f"checkins?status=pending&activity_id={thing}&evidence=live_code&unit_id={street.place.grid.id.hex}",
        f"redemptions?status=confirmed&mine=1&branch_id={thing}&on=2026-11-20",
        f"{mine}/balance?at=2026-11-20T10:00:00%2B08:00",
        f"{mine}/statement?limit=1",
        "events?after=0&limit=1",
        *(f"{name}?limit=1" for name in LISTS),
    )
    answers = {one: client.get(f"{street.place.url}/{one}", headers=admin.headers).status_code for one in questions}
    assert set(answers.values()) == {200}, answers
