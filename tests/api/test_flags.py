"""Flags over HTTP: listed, explained, decided once, read by the shop without figures, tried on history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.rewards.refunds import refund
from tests.api.risk_guards import flag_about
from tests.api.shopping import open_shopping
from tests.api.test_settlements import Desk


@pytest.fixture
def desk(context: object, client: FlaskClient) -> Iterator[Desk]:
    with open_shopping(client) as shopping:
        yield Desk(shopping)


def test_a_flag_is_listed_explained_and_decided_once(desk: Desk) -> None:
    bought = desk.street.buy(desk.street.volunteer(100))
    path = f"/flags/{flag_about(bought).hex}"
    [row] = desk.shopping.get(desk.treasurer, "/flags?status=open&kind=round_trip").json["items"]
    assert (row["status"], row["waiting"], row["waiting_fen"], row["refusal"]) == ("open", 1, 200, None)
    assert "2 次退回后当天又兑换" in row["explanation"]["zh"]
    assert "refunded and redeemed again" in row["explanation"]["en"]
    assert desk.shopping.get(desk.admin, path).json == row | {"refusal": "forbidden"}
    [waiting] = desk.shopping.get(desk.owner, "/flags/waiting").json["items"]
    assert (waiting["receipt_number"], waiting["until"]) == (bought.receipt_number, row["due_at"])
    assert not any(char.isdigit() for char in waiting["reason"]["zh"] + waiting["reason"]["en"])
    body = {"decision": "confirm", "note": "店主承认没有给面包"}
    code, decided = desk.step(desk.treasurer, path, "decide", body, key="f-1")
    assert (code, decided["status"]) == (200, "confirmed")
    assert desk.step(desk.treasurer, path, "decide", body, key="f-1") == (code, decided)
    assert desk.step(desk.treasurer, path, "decide", body)[1]["code"] == "wrong_state"
    assert desk.shopping.get(desk.owner, "/flags/waiting").json["items"] == []
    assert desk.shopping.get(desk.treasurer, "/flags?status=open").json["items"] == []


def test_the_detectors_look_when_asked(desk: Desk) -> None:
    lin = desk.street.volunteer(400)
    for _ in range(2):
        for is_kept in (False, True):
            bought = desk.street.buy(lin)
            clock.advance(minutes=5)
            if not is_kept:
                refund(desk.treasurer.actor, bought.id, reason="拿错了")
                clock.advance(minutes=5)
        clock.advance(days=1)
    found = desk.shopping.post(desk.admin, "/flags/find").json["found"]
    assert [one["id"] for one in desk.shopping.get(desk.admin, "/flags").json["items"]] == found
    assert len(found) == 1
    assert desk.shopping.post(desk.admin, "/flags/find").json == {"found": []}


def test_flags_have_their_forms_and_pages(desk: Desk) -> None:
    for _ in range(3):
        flag_about(desk.street.buy(desk.street.volunteer(100)))
    first = desk.shopping.get(desk.treasurer, "/flags?limit=2").json
    second = desk.shopping.get(desk.treasurer, f"/flags?limit=2&cursor={first['next_cursor']}").json
    assert len({one["id"] for one in first["items"] + second["items"]}) == 3
    path = f"/flags/{first['items'][0]['id']}"
    for wrong in ({}, {"decision": "dismiss"}, {"decision": "pay", "note": "好"}, {"decision": "dismiss", "note": ""}):
        assert desk.step(desk.treasurer, path, "decide", wrong)[0] == 422, wrong
    for first_day, last_day in (("2026-11-02", "2026-11-01"), ("2026-01-01", "2026-11-01"), ("x", "2026-11-01")):
        sent = desk.shopping.post(desk.treasurer, "/flags/dry-run", {"from": first_day, "to": last_day})
        assert sent.status_code == 422
    tried = desk.shopping.post(desk.treasurer, "/flags/dry-run", {"from": "2026-11-01", "to": "2026-11-20"}).json
    assert (tried["redemptions"], tried["total"], tried["flags"]) == (3, 0, [])
