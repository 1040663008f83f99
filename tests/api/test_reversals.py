"""Reversals over HTTP: asked by an admin, decided by a second person, and what each other person is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.book import reading
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from tests.api.shopping import Shopping, open_shopping
from tests.stories import Neighbour, open_neighbourhood, street_officer

WHY = {"reason": "巡逻记了两次"}


class Desk:
    """A volunteer with an award of 20 on the street, and a client in front of it."""

    def __init__(self, shopping: Shopping) -> None:
        self.shopping = shopping
        self.place = shopping.street.place
        self.admin, self.treasurer = self.place.admin, self.place.treasurer
        self.lin = shopping.street.volunteer(20)

    def transfer(self, code: str) -> str:
        return next(row.id.hex for row in reading.list_transfers(self.admin.actor) if row.code == code)

    @property
    def award(self) -> str:
        return f"/transfers/{self.transfer('award')}"

    def asked(self, **body: Any) -> str:
        """The address of a request that waits."""
        answer = self.shopping.post(self.admin, f"{self.award}/reverse", WHY | body)
        assert answer.status_code == 201, answer.json
        return f"/reversals/{answer.json['id']}"

    def step(self, who: Neighbour, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status, and the state or the reason code."""
        answer = self.shopping.post(who, path, body if body is not None else {}, **more)
        found = answer.json or {}
        return answer.status_code, found["code"] if answer.status_code >= 400 else found["status"]

    def available(self) -> int:
        return self.shopping.street.available(self.lin)


@pytest.fixture
def desk(context: object, client: FlaskClient) -> Iterator[Desk]:
    with open_shopping(client) as shopping:
        yield Desk(shopping)


def test_a_reversal_is_asked_for_and_approved(desk: Desk) -> None:
    answer = desk.shopping.post(desk.admin, f"{desk.award}/reverse", WHY | {"amount": 5})
    assert answer.status_code == 201
    assert answer.json.items() >= {"status": "awaiting_second", "amount": 5, "decided_at": None}.items()
    assert desk.available() == 20
    path = f"/reversals/{answer.json['id']}"
    assert desk.step(desk.treasurer, f"{path}/approve") == (200, "posted")
    assert desk.available() == 15
    seen = desk.shopping.get(desk.treasurer, path).json
    assert (seen["reason"], seen["unit"], seen["asked_by"], seen["decided_by"]) == (
        WHY["reason"],
        "points",
        desk.admin.person_id.hex,
        desk.treasurer.person_id.hex,
    )


def test_without_an_amount_all_that_is_left_is_asked_for(desk: Desk) -> None:
    desk.asked(amount=7)
    assert desk.shopping.get(desk.admin, desk.asked()).json["amount"] == 13
    again = desk.shopping.post(desk.admin, f"{desk.award}/reverse", WHY)
    assert (again.status_code, again.json["code"]) == (409, "over_reversed")
    assert "0" in again.json["detail"]


def test_what_was_answered_names_nobody_and_no_reason(desk: Desk) -> None:
    answer = desk.shopping.post(desk.admin, f"{desk.award}/reverse", WHY)
    assert set(answer.json) == {"id", "status", "transfer_id", "amount", "asked_at", "decided_at"}


def test_a_replay_asks_once_and_answers_the_same_bytes(desk: Desk) -> None:
    path = f"{desk.award}/reverse"
    first, second = (desk.shopping.post(desk.admin, path, WHY | {"amount": 3}, key="ask") for _ in range(2))
    assert (second.status_code, second.data) == (201, first.data)
    assert second.headers["Idempotency-Hit"] == "true"
    other = desk.shopping.post(desk.admin, path, WHY | {"amount": 4}, key="ask")
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    assert len(desk.shopping.get(desk.admin, "/reversals").json["items"]) == 1


def test_a_replayed_approval_takes_back_once(desk: Desk) -> None:
    path = desk.asked(amount=5)
    first, second = (desk.shopping.post(desk.treasurer, f"{path}/approve", {}, key="yes") for _ in range(2))
    assert (second.status_code, second.data) == (200, first.data)
    assert second.headers["Idempotency-Hit"] == "true"
    assert desk.available() == 15


def test_a_refusal_is_replayed_after_its_reason_has_gone(desk: Desk) -> None:
    path = desk.asked()
    refused = desk.shopping.post(desk.admin, f"{desk.award}/reverse", WHY, key="early")
    assert (refused.status_code, refused.json["code"]) == (409, "over_reversed")
    desk.step(desk.admin, f"{path}/withdraw")
    again = desk.shopping.post(desk.admin, f"{desk.award}/reverse", WHY, key="early")
    assert (again.status_code, again.data) == (409, refused.data)


def test_asking_and_approving_need_a_key(desk: Desk) -> None:
    for who, path, body in (
        (desk.admin, f"{desk.award}/reverse", WHY),
        (desk.treasurer, f"{desk.asked()}/approve", {}),
    ):
        answer = desk.shopping.post(who, path, body, headers={"Idempotency-Key": ""})
        assert (answer.status_code, answer.json["code"]) == (400, "key_required")


def test_a_second_person_declines_and_the_asker_withdraws(desk: Desk) -> None:
    declined, withdrawn = desk.asked(amount=2), desk.asked(amount=2)
    assert desk.step(desk.treasurer, f"{declined}/decline", {"note": "没有记两次"}) == (200, "declined")
    assert desk.step(desk.admin, f"{withdrawn}/withdraw") == (200, "withdrawn")
    assert desk.shopping.get(desk.admin, declined).json["note"] == "没有记两次"
    assert desk.available() == 20


def test_who_asked_is_not_the_second_person(desk: Desk) -> None:
    path = desk.asked()
    assert desk.step(desk.admin, f"{path}/approve") == (409, "own_step")
    assert desk.step(desk.admin, f"{path}/decline", {"note": "不"}) == (409, "own_step")
    colleague = desk.place.staff(Role.ADMIN)
    assert desk.step(colleague, f"{path}/withdraw") == (403, "forbidden")
    assert desk.step(colleague, f"{path}/approve") == (200, "posted")


def test_the_street_waits_two_working_days(desk: Desk) -> None:
    officer = street_officer(desk.place.community)
    assert desk.step(officer, f"{desk.asked()}/approve") == (409, "second_person_present")


def test_a_redemption_is_answered_with_the_right_way(desk: Desk) -> None:
    desk.shopping.street.buy(desk.lin)
    answer = desk.shopping.post(desk.admin, f"/transfers/{desk.transfer('redeem')}/reverse", WHY)
    assert (answer.status_code, answer.json["code"]) == (409, "not_reversible")
    assert "退回红花" in answer.json["detail"]


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("amount", {"amount": 0} | WHY),
        ("amount", {"amount": -1} | WHY),
        ("amount", {"amount": 1.5} | WHY),
        ("amount", {"amount": "5"} | WHY),
        ("amount", {"amount": 2**53} | WHY),
        ("reason", {}),
        ("reason", {"reason": "   "}),
        ("reason", {"reason": "长" * 301}),
        ("points", {"points": 5} | WHY),
    ],
)
def test_the_form_of_a_request(desk: Desk, field: str, body: dict[str, Any]) -> None:
    answer = desk.shopping.post(desk.admin, f"{desk.award}/reverse", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_errors_come_in_the_order_of_the_contract(desk: Desk) -> None:
    nowhere, unknown = f"/transfers/{new_id().hex}/reverse", f"/reversals/{new_id().hex}"
    desk.shopping.street.buy(desk.lin)
    sold = f"/transfers/{desk.transfer('redeem')}/reverse"
    assert desk.shopping.post(None, nowhere, {}).status_code == 401
    assert desk.shopping.post(open_neighbourhood().admin, nowhere, {}).status_code == 404
    assert desk.step(desk.treasurer, nowhere, {}) == (422, "invalid")
    assert desk.step(desk.treasurer, nowhere, WHY) == (404, "not_found")
    assert desk.step(desk.treasurer, sold, WHY) == (403, "forbidden")
    assert desk.step(desk.admin, sold, WHY) == (409, "not_reversible")
    assert desk.step(desk.place.supervisor, f"{unknown}/approve") == (404, "not_found")
    done = desk.asked(amount=1)
    desk.step(desk.admin, f"{done}/withdraw")
    assert desk.step(desk.place.supervisor, f"{done}/approve") == (403, "forbidden")
    assert desk.step(desk.admin, f"{done}/approve") == (409, "wrong_state")


def test_list_and_single_agree_for_everybody(desk: Desk) -> None:
    posted, waiting = desk.asked(amount=5), desk.asked(amount=5)
    desk.step(desk.treasurer, f"{posted}/approve")
    officer = street_officer(desk.place.community)
    for who, seen in (
        (desk.admin, [waiting, posted]),
        (desk.treasurer, [waiting, posted]),
        (desk.place.supervisor, [waiting, posted]),
        (officer, [waiting, posted]),
        (desk.lin, [posted]),
        (desk.place.coordinator, []),
    ):
        listed = [f"/reversals/{one['id']}" for one in desk.shopping.get(who, "/reversals").json["items"]]
        assert listed == seen
        single = [path for path in (waiting, posted) if desk.shopping.get(who, path).status_code == 200]
        assert single == seen
    assert desk.shopping.get(desk.shopping.street.owner, "/reversals").status_code == 403


def test_reversals_are_listed_by_state_by_transfer_and_in_pages(desk: Desk) -> None:
    paths = [desk.asked(amount=2) for _ in range(3)]
    desk.step(desk.treasurer, f"{paths[1]}/approve")
    ids = [path.removeprefix("/reversals/") for path in paths]

    def listed(query: str) -> list[str]:
        return [one["id"] for one in desk.shopping.get(desk.admin, f"/reversals?{query}").json["items"]]

    assert listed("status=posted") == [ids[1]]
    assert listed("status=awaiting_second") == [ids[2], ids[0]]
    assert listed(f"transfer_id={desk.transfer('award')}") == ids[::-1]
    assert listed(f"transfer_id={new_id().hex}") == []
    first = desk.shopping.get(desk.admin, "/reversals?limit=2").json
    assert [one["id"] for one in first["items"]] == [ids[2], ids[1]]
    assert listed(f"limit=2&cursor={first['next_cursor']}") == [ids[0]]
    assert desk.shopping.get(desk.admin, "/reversals?status=done").status_code == 422


def test_two_who_approve_at_the_same_moment_take_back_once(app: Flask, desk: Desk) -> None:
    path, colleague = desk.asked(amount=5), desk.place.staff(Role.ADMIN)
    barrier, answers = threading.Barrier(2), []

    def approve(who: Neighbour) -> None:
        client = app.test_client()
        barrier.wait()
        headers = who.headers | {"Idempotency-Key": "yes"}
        answer = client.post(f"{desk.place.url}{path}/approve", json={}, headers=headers)
        answers.append((answer.status_code, answer.json.get("code", answer.json.get("status"))))

    threads = [threading.Thread(target=approve, args=(who,)) for who in (desk.treasurer, colleague)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(200, "posted"), (409, "wrong_state")]
    assert desk.available() == 15
