"""Bank accounts and payouts over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.api.settlement_guards import ACCOUNT
from tests.api.shopping import open_shopping
from tests.api.test_settlements import PAYMENT, Desk


@pytest.fixture
def desk(context: object, client: FlaskClient) -> Iterator[Desk]:
    with open_shopping(client) as shopping:
        yield Desk(shopping)


def with_account(desk: Desk) -> None:
    now = clock.now()
    clock.move_to(now - timedelta(days=14))
    accounts = f"/merchants/{desk.street.bakery.id.hex}/bank-accounts"
    made = desk.shopping.post(desk.owner, accounts, ACCOUNT | {"number": "6222 0212 3456 7890 123"})
    assert (made.status_code, made.json["status"], made.json["last_four"]) == (201, "asked", "0123")
    again = desk.shopping.post(desk.admin, accounts, ACCOUNT)
    assert (again.status_code, again.json["code"]) == (409, "already_exists")
    assert desk.step(desk.treasurer, f"/bank-accounts/{made.json['id']}", "approve")[1]["status"] == "approved"
    clock.move_to(now)
    [shown] = desk.shopping.get(desk.owner, accounts).json["items"]
    assert (shown["in_use"], shown["holder"]) == (True, "麦香面包店")
    assert "6222" not in desk.shopping.get(desk.treasurer, accounts).text
    for wrong in ("1234567", "1" * 31, "六二二二", "6222-x", None, 62220212):
        assert desk.shopping.post(desk.owner, accounts, ACCOUNT | {"number": wrong}).status_code == 422, wrong


def approved(desk: Desk) -> str:
    statement = desk.drafted()
    for who, step in ((desk.admin, "issue"), (desk.owner, "confirm"), (desk.treasurer, "approve")):
        assert desk.step(who, statement, step)[0] == 200
    return statement


def test_from_batch_to_bank_and_back(desk: Desk) -> None:
    with_account(desk)
    statement = approved(desk)
    body = {"settlement_ids": [statement.rpartition("/")[2]]}
    made = desk.shopping.post(desk.admin, "/payouts", body, key="p-1")
    assert (made.status_code, made.json["total_fen"]) == (201, 200)
    assert desk.shopping.post(desk.admin, "/payouts", body, key="p-1").data == made.data
    assert desk.shopping.post(desk.admin, "/payouts", body).json["code"] == "in_payout"
    assert desk.step(desk.admin, statement, "pay", PAYMENT)[1]["code"] == "in_payout"
    path = f"/payouts/{made.json['id']}"
    first, second = (desk.shopping.get(desk.admin, f"{path}.csv") for _ in range(2))
    assert (first.data, first.headers["Content-Type"]) == (second.data, "text/csv; charset=utf-8")
    [line] = desk.shopping.get(desk.owner, path).json["lines"]
    item = {"line_id": line["number"], "amount_fen": 201, "status": "paid", "reference": "ICBC-1"}
    [wrong] = desk.step(desk.admin, path, "results", {"items": [item]})[1]["results"]
    assert (wrong["row"], wrong["status"], wrong["code"]) == (1, "refused", "amount_changed")
    assert wrong["detail"]
    filled = first.text.replace("结算 " + str(line["settlement_number"]) + ",", "结算,成功,ICBC-1", 1)
    sent = desk.shopping.client.post(
        f"{desk.street.place.url}{path}/results",
        data=filled.encode(),
        headers=desk.admin.headers | {"Idempotency-Key": "f-1", "Content-Type": "text/csv"},
    )
    assert (sent.status_code, [one["status"] for one in sent.json["results"]]) == (200, ["paid"])
    seen = desk.shopping.get(desk.owner, statement).json
    assert (seen["status"], seen["reference"]) == ("paid", "ICBC-1")
    assert desk.step(desk.treasurer, statement, "reconcile")[0] == 200
    assert desk.shopping.get(desk.owner, "/payouts").json["items"][0]["status"] == "answered"


def test_results_have_a_form(desk: Desk) -> None:
    with_account(desk)
    made = desk.shopping.post(desk.admin, "/payouts", {"settlement_ids": [approved(desk).rpartition("/")[2]]})
    path = f"/payouts/{made.json['id']}"
    good = {"line_id": "x", "amount_fen": 200, "status": "paid"}
    for wrong in ({"amount_fen": 2.5}, {"amount_fen": -1}, {"status": "maybe"}, {"status": "failed"}, {"more": 1}):
        assert desk.step(desk.admin, path, "results", {"items": [good | wrong]})[0] == 422, wrong
    assert desk.step(desk.admin, path, "results", {"items": [good]})[1]["results"][0]["code"] == "payout_line_unknown"
    assert desk.shopping.post(desk.admin, "/payouts", {"settlement_ids": []}).status_code == 422
    assert desk.shopping.post(desk.admin, "/payouts", {"settlement_ids": ["0" * 32]}).status_code == 404
    [owed] = desk.shopping.get(desk.treasurer, "/payouts/owed").json["items"]
    assert (owed["by_age"], owed["total_fen"]) == ([200, 0, 0, 0], 200)


def test_one_key_is_one_file_whatever_form_it_comes_in(desk: Desk) -> None:
    with_account(desk)
    made = desk.shopping.post(desk.admin, "/payouts", {"settlement_ids": [approved(desk).rpartition("/")[2]]})

    def send(
        content: bytes, *, key: str, of: str = made.json["id"], name: bytes = b'name="file"; filename="r.csv"'
    ) -> Any:
        part = b"--x\r\nContent-Disposition: form-data; " + name + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        headers = desk.admin.headers | {"Idempotency-Key": key, "Content-Type": "multipart/form-data; boundary=x"}
        path = f"{desk.street.place.url}/payouts/{of}/results"
        return desk.shopping.client.post(path, data=part, headers=headers).json["code"]

    assert send(b"1,2", key="f-1") == send(b"1,2", key="f-1") == "result_unreadable"
    assert send(b"1,3", key="f-1") == "key_reused"
    assert send(b"1,2", key="f-2", name=b'name="no end\r"') == "result_unreadable", "a part without a name"
    assert send(b"1,2", key="f-3", of="0" * 32) == "not_found", "what is not there comes before what cannot be read"


def test_a_weeks_archive_is_the_same_bytes(desk: Desk) -> None:
    desk.paid()
    first, second = (desk.shopping.get(desk.owner, "/settlements.zip?week=2026-W47") for _ in range(2))
    assert (first.status_code, first.data) == (200, second.data)
    assert first.data.startswith(b"PK")
    assert desk.shopping.get(desk.owner, "/settlements.zip?week=soon").status_code == 422
