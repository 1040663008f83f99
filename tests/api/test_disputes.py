"""Disputes over HTTP: lines, evidence, answer, decision, appeal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.api.shopping import open_shopping
from tests.api.test_settlements import Desk
from tests.ledger.service.feedback_giving import photo


@pytest.fixture
def desk(context: object, client: FlaskClient) -> Iterator[Desk]:
    with open_shopping(client) as shopping:
        yield Desk(shopping)


def issued(desk: Desk) -> tuple[str, str]:
    """The address of an issued statement of two lines, and the id of its first."""
    statement = desk.drafted(buys=2)
    assert desk.step(desk.admin, statement, "issue")[0] == 200
    return statement, desk.shopping.get(desk.owner, f"{statement}/lines").json["items"][0]["id"]


def test_a_line_is_disputed_answered_decided_and_appealed(desk: Desk) -> None:
    statement, line = issued(desk)
    headers = desk.owner.headers
    sent = {"file": (io.BytesIO(photo()), "a.jpg"), "for": "dispute"}
    file = desk.shopping.client.post(f"{desk.street.place.url}/files", data=sent, headers=headers)
    assert file.status_code == 201, file.json
    body = {"lines": [{"line_id": line, "reason": "金额不对", "file_ids": [file.json["id"]]}]}
    code, raised = desk.step(desk.owner, statement, "dispute", body, key="d-1")
    assert (code, raised["disputes"][0]["status"], raised["disputes"][0]["held_fen"]) == (200, "raised", 200)
    assert desk.step(desk.owner, statement, "dispute", body, key="d-1") == (code, raised)
    assert desk.step(desk.owner, statement, "dispute", body)[1]["code"] == "already_exists"
    seen = desk.shopping.get(desk.owner, statement).json
    assert (seen["payable_fen"], seen["held_fen"], seen["to_pay_fen"]) == (400, 200, 200)
    path = f"/disputes/{raised['disputes'][0]['id']}"
    [row] = desk.shopping.get(desk.treasurer, "/disputes?open=true").json["items"]
    assert (row["steps"], row["file_ids"]) == (["answer", "decide"], [file.json["id"]])
    picture = desk.shopping.get(desk.treasurer, f"{path}/photos/{file.json['id']}.jpg")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
    assert desk.step(desk.admin, path, "answer", {"answer": "收据没错"})[1]["status"] == "answered"
    decision = {"favour": "community", "reason": "收据没错"}
    assert desk.step(desk.treasurer, path, "decide", decision)[1]["status"] == "decided"
    assert desk.step(desk.owner, path, "appeal", {"reason": "有监控"})[1]["status"] == "appealed"
    assert desk.step(desk.treasurer, path, "decide", decision)[1]["code"] == "own_step"
    second = desk.street.place.second_treasurer
    assert desk.step(second, path, "decide", decision | {"favour": "shop"})[1]["status"] == "final"
    assert desk.step(desk.owner, path, "appeal", {"reason": "再来"})[1]["code"] == "not_appealable"
    assert desk.shopping.get(desk.owner, path).json["favour"] == "shop"


def test_a_dispute_has_a_form(desk: Desk) -> None:
    statement, line = issued(desk)
    good = {"line_id": line, "reason": "不对"}
    for wrong in ({"reason": ""}, {"reason": "长" * 301}, {"line_id": None}, {"more": 1}, {"file_ids": [line] * 4}):
        assert desk.step(desk.owner, statement, "dispute", {"lines": [good | wrong]})[0] == 422, wrong
    assert desk.step(desk.owner, statement, "dispute", {"lines": []})[0] == 422
    assert desk.step(desk.owner, statement, "dispute", {"lines": [good | {"line_id": "0" * 32}]})[0] == 404


def test_an_invoice_and_a_clawback_have_their_codes(desk: Desk) -> None:
    statement, line = issued(desk)
    assert desk.step(desk.owner, statement, "invoice", {"number": "26642000000012345678"})[0] == 200
    claw_back = f"/settlement-lines/{line}"
    assert desk.step(desk.treasurer, claw_back, "claw-back", {"reason": "未到店"})[1]["code"] == "not_clawed_back"
    desk.step(desk.owner, statement, "confirm")
    desk.step(desk.treasurer, statement, "approve")
    assert desk.step(desk.admin, statement, "invoice", {"number": "26642000000012345679"})[1]["code"] == "wrong_state"
    desk.step(desk.admin, statement, "pay", {"reference": "1", "paid_on": "2026-11-23"})
    assert desk.step(desk.treasurer, claw_back, "claw-back", {"reason": "未到店"})[1]["refund_id"]
