"""Settlements over HTTP: a week from draft to paid, and what each other person is answered."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core.ids import new_id
from tests.api.shopping import Shopping, open_shopping
from tests.ledger.settlement.office import NEXT_WEEK, THIS_WEEK, Office
from tests.stories import Neighbour, open_neighbourhood

PAYMENT = {"reference": "ICBC-20261124-0001", "paid_on": "2026-11-23"}


class Desk(Office):
    """The office with a client in front of it."""

    def __init__(self, shopping: Shopping) -> None:
        super().__init__(shopping.street)
        self.shopping = shopping

    def drafted(self, buys: int = 1) -> str:
        """The address of a draft."""
        for _ in range(buys):
            self.buy()
        return f"/settlements/{self.one().id.hex}"

    def step(
        self, who: Neighbour, statement: str, step: str, body: Any = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        answer = self.shopping.post(who, f"{statement}/{step}", body, **more)
        return answer.status_code, dict(answer.json or {})

    @property
    def owner(self) -> Neighbour:
        return self.street.owner

    def paid(self) -> str:
        statement = self.drafted()
        for who, step in ((self.admin, "issue"), (self.owner, "confirm"), (self.treasurer, "approve")):
            assert self.step(who, statement, step)[0] == 200
        assert self.step(self.admin, statement, "pay", PAYMENT)[0] == 200
        return statement


@pytest.fixture
def desk(context: object, client: FlaskClient) -> Iterator[Desk]:
    with open_shopping(client) as shopping:
        yield Desk(shopping)


def test_a_week_goes_from_draft_to_reconciled(desk: Desk) -> None:
    statement = desk.drafted()
    steps = [
        (desk.admin, "issue", None, "issued"),
        (desk.owner, "confirm", None, "confirmed"),
        (desk.treasurer, "approve", None, "approved"),
        (desk.admin, "pay", PAYMENT, "paid"),
        (desk.treasurer, "reconcile", None, "reconciled"),
    ]
    for who, step, body, status in steps:
        code, answer = desk.step(who, statement, step, body)
        assert (code, answer["status"]) == (200, status)
    seen = desk.shopping.get(desk.owner, statement).json
    assert (seen["payable_fen"], seen["reference"], seen["paid_on"]) == (200, PAYMENT["reference"], "2026-11-23")
    assert seen["number"].endswith("-JS-2026-W47-001")


def test_a_week_is_closed_by_a_post(desk: Desk) -> None:
    desk.buy()
    early = desk.shopping.post(desk.treasurer, "/settlements", {"week": THIS_WEEK})
    assert (early.status_code, early.json["code"]) == (409, "week_not_over")
    desk.drafted()
    again = desk.shopping.post(desk.treasurer, "/settlements", {"week": THIS_WEEK})
    assert (again.status_code, again.json) == (201, {"settlements": []})


def test_there_is_no_such_week(desk: Desk) -> None:
    for week in ("", "2026-W54", "2026-47", "2026-W7", "二〇二六", 47, None, "2026-W47\n"):
        answer = desk.shopping.post(desk.treasurer, "/settlements", {"week": week})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["week"]), week


def test_a_replay_pays_once_and_answers_the_same_bytes(desk: Desk) -> None:
    statement = desk.drafted()
    for who, step in ((desk.admin, "issue"), (desk.owner, "confirm"), (desk.treasurer, "approve")):
        desk.step(who, statement, step)
    first = desk.shopping.post(desk.admin, f"{statement}/pay", PAYMENT, key="pay-1")
    second = desk.shopping.post(desk.admin, f"{statement}/pay", PAYMENT, key="pay-1")
    assert (second.status_code, second.data) == (first.status_code, first.data)
    assert second.headers["Idempotency-Hit"] == "true"
    other = desk.shopping.post(desk.admin, f"{statement}/pay", PAYMENT | {"reference": "2"}, key="pay-1")
    assert (other.status_code, other.json["code"]) == (409, "key_reused")


def test_a_refusal_is_replayed_after_its_reason_has_gone(desk: Desk) -> None:
    statement = desk.drafted()
    refused = desk.shopping.post(desk.owner, f"{statement}/confirm", key="early")
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_state")
    desk.step(desk.admin, statement, "issue")
    again = desk.shopping.post(desk.owner, f"{statement}/confirm", key="early")
    assert (again.status_code, again.data) == (409, refused.data)


def test_a_step_needs_a_key(desk: Desk) -> None:
    statement = desk.drafted()
    answer = desk.shopping.post(desk.admin, f"{statement}/issue", headers={"Idempotency-Key": ""})
    assert (answer.status_code, answer.json["code"]) == (400, "key_required")


def test_four_eyes_are_answered_with_their_code(desk: Desk) -> None:
    statement = desk.drafted()
    desk.step(desk.treasurer, statement, "issue")
    desk.step(desk.owner, statement, "confirm")
    code, answer = desk.step(desk.treasurer, statement, "approve")
    assert (code, answer["code"]) == (409, "own_step")


def test_a_payment_has_a_form(desk: Desk) -> None:
    statement = desk.drafted()
    for wrong in (
        {"reference": ""},
        {"reference": "x" * 81},
        {"reference": None},
        {"paid_on": "yesterday"},
        {"paid_on": None},
        {"amount_fen": 1},
    ):
        assert desk.step(desk.admin, statement, "pay", PAYMENT | wrong)[0] == 422, wrong
    for missing in PAYMENT:
        assert desk.step(desk.admin, statement, "pay", {missing: PAYMENT[missing]})[0] == 422


def test_a_payment_of_tomorrow_is_refused(desk: Desk) -> None:
    statement = desk.drafted()
    for who, step in ((desk.admin, "issue"), (desk.owner, "confirm"), (desk.treasurer, "approve")):
        desk.step(who, statement, step)
    code, answer = desk.step(desk.admin, statement, "pay", PAYMENT | {"paid_on": "2026-11-24"})
    assert (code, answer["code"]) == (409, "paid_in_future")


def test_void_answers_the_draft_that_replaces_it(desk: Desk) -> None:
    statement = desk.drafted()
    desk.step(desk.admin, statement, "issue")
    code, answer = desk.step(desk.treasurer, statement, "void", {"reason": "金额有误"})
    assert (code, answer["status"], answer["number"]) == (200, "draft", None)
    seen = desk.shopping.get(desk.admin, f"/settlements/{answer['id']}").json
    assert f"/settlements/{seen['replaces_id']}" == statement


def test_a_paid_statement_is_not_void_any_more(desk: Desk) -> None:
    code, answer = desk.step(desk.admin, desk.paid(), "void", {"reason": "金额有误"})
    assert (code, answer["code"], answer["status"]) == (409, "wrong_state", 409)


def test_statements_are_listed_newest_first_by_page(desk: Desk) -> None:
    first = desk.drafted()
    desk.buy()
    second = f"/settlements/{desk.one(NEXT_WEEK).id.hex}"
    page = desk.shopping.get(desk.treasurer, "/settlements?limit=1").json
    assert [f"/settlements/{row['id']}" for row in page["items"]] == [second]
    rest = desk.shopping.get(desk.treasurer, f"/settlements?limit=1&cursor={page['next_cursor']}").json
    assert ([f"/settlements/{row['id']}" for row in rest["items"]], rest["next_cursor"]) == ([first], None)
    drafts = desk.shopping.get(desk.treasurer, f"/settlements?status=draft&week={NEXT_WEEK}").json
    assert len(drafts["items"]) == 1
    assert desk.shopping.get(desk.treasurer, "/settlements?status=lost").status_code == 422


def test_lines_are_listed_in_their_order_by_page(desk: Desk) -> None:
    statement = desk.drafted(buys=5)
    positions: list[int] = []
    cursor = ""
    while True:
        page = desk.shopping.get(desk.owner, f"{statement}/lines?limit=2{cursor}").json
        positions += [line["position"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert positions == [1, 2, 3, 4, 5]
    assert desk.shopping.get(desk.owner, f"{statement}/lines?limit=201").status_code == 422
    assert desk.shopping.get(desk.owner, f"{statement}/lines?cursor={new_id().hex}").json["items"] == []


def test_the_csv_is_the_same_bytes_each_time_and_adds_up(desk: Desk) -> None:
    statement = desk.paid()
    first, second = (desk.shopping.get(desk.owner, f"{statement}.csv") for _ in range(2))
    assert first.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "-JS-2026-W47-001.csv" in first.headers["Content-Disposition"]
    assert hashlib.sha256(first.data).digest() == hashlib.sha256(second.data).digest()
    rows = list(csv.reader(io.StringIO(first.data.decode("utf-8-sig"), newline="")))
    footer = {row[0].split()[0]: row[1] for row in rows if len(row) == 2}
    seen = desk.shopping.get(desk.owner, statement).json
    assert (footer["应付(元)"], footer["SHA-256"]) == ("2.00", seen["sha256"])


def test_the_json_is_the_statement_with_its_lines(desk: Desk) -> None:
    statement = desk.paid()
    content = desk.shopping.get(desk.owner, f"{statement}.json").json
    assert (content["merchant_name"], content["line_count"], len(content["lines"])) == ("麦香面包", 1, 1)
    assert sum(line["net_fen"] for line in content["lines"]) == content["net_fen"] == 200


READS = ("", "/lines", ".csv", ".json")
WRITES = {"issue": None, "confirm": None, "approve": None, "pay": PAYMENT, "reconcile": None, "void": {"reason": "x"}}


def test_a_statement_is_read_by_its_people_only(desk: Desk) -> None:
    statement = desk.drafted()
    readers = (desk.admin, desk.treasurer, desk.owner, desk.street.place.supervisor)
    others = (desk.street.clerk, desk.street.volunteer(0), desk.street.place.stamper)
    for read in READS:
        assert {desk.shopping.get(who, statement + read).status_code for who in readers} == {200}
        assert {desk.shopping.get(who, statement + read).status_code for who in others} == {403}
        assert desk.shopping.get(None, statement + read).status_code == 401


def test_a_stranger_finds_nothing(desk: Desk) -> None:
    statement = desk.drafted()
    elsewhere = open_neighbourhood("北塔社区")
    for read in READS:
        assert desk.shopping.get(elsewhere.admin, statement + read).status_code == 404
        own_url = f"{elsewhere.url}{statement}{read}"
        assert desk.shopping.client.get(own_url, headers=elsewhere.admin.headers).status_code == 404


def test_every_step_is_closed_to_others(desk: Desk) -> None:
    statement = desk.drafted()
    elsewhere = open_neighbourhood("北塔社区")
    supervisor, clerk = desk.street.place.supervisor, desk.street.clerk
    for step, body in WRITES.items():
        assert desk.step(supervisor, statement, step, body)[0] == 403, step
        assert desk.step(clerk, statement, step, body)[0] == 403, step
        assert desk.step(elsewhere.admin, statement, step, body)[0] == 404, step
        assert desk.shopping.post(None, f"{statement}/{step}", body).status_code == 401, step


def test_an_id_that_cannot_be_is_not_found(desk: Desk) -> None:
    for name in ("0" * 32, "x", "1", "../x", "小红花"):
        assert desk.shopping.get(desk.admin, f"/settlements/{name}").status_code == 404, name


def test_a_clerk_has_no_list_and_an_owner_the_own_shops(desk: Desk) -> None:
    desk.drafted()
    assert desk.shopping.get(desk.street.clerk, "/settlements").status_code == 403
    assert len(desk.shopping.get(desk.owner, "/settlements").json["items"]) == 1
