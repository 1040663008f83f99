"""A phone's queue reaches one end state, whatever the network does to it and in whatever order a batch lies."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import db
from ledger.people import cards, tokens
from ledger.service.models import Activity, Checkin
from tests.ledger.service.day import NINE, Day

PEOPLE = 8
UNKNOWN = ("2222-2222", "3333-3333", *(f"ABCD-ZZZ{letter}" for letter in "23456789AB"))
"""More than a person may try in ten minutes: still nobody else waits for them."""

Outcome = tuple[str, str | None]


@dataclass
class Phone:
    """The queue of one person's phone: oldest first, in batches, each item until it is answered."""

    client: FlaskClient
    day: Day
    token: str
    chance: random.Random
    waiting: list[dict[str, Any]]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    tries: int = 0

    def send_some(self) -> None:
        """One batch; its request may be lost on its way, or its answer on the way back."""
        self.tries += 1
        assert self.tries < 200, "the queue does not get smaller"
        batch = self.waiting[: self.chance.randint(1, 12)]
        self.chance.shuffle(batch)
        lost = self.chance.choice(("", "", "", "request", "answer"))
        if lost != "request":
            self._take(self._post(batch), is_heard=lost != "answer")

    def _post(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        url = f"{self.day.place.url}/checkins/batch"
        answer = self.client.post(url, json={"items": batch}, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.json
        assert [one["key"] for one in answer.json["results"]] == [one["key"] for one in batch]
        return list(answer.json["results"])

    def _take(self, results: list[dict[str, Any]], *, is_heard: bool) -> None:
        if not is_heard:
            return
        answered = {one["key"]: one for one in results if one["status"] != "later"}
        if {one.get("code") for one in results if one["key"] not in answered} == {"arrival_awaited"}:
            self.waiting = self.waiting[len(results) :] + self.waiting[: len(results)]
        for key, one in answered.items():
            self.outcomes[key] = ("refused" if one["status"] == "refused" else "recorded", one.get("code"))
        self.waiting = [one for one in self.waiting if one["key"] not in answered]
        if any(one["status"] == "later" and "code" not in one for one in results):
            clock.advance(minutes=10)


def scans_of(activity: Activity, codes: list[str], run: int) -> list[dict[str, Any]]:
    """Everybody arrives, half are scanned twice, most leave; between them what no server takes."""
    said = [("in", code, 2 * number) for number, code in enumerate(codes)]
    said += [("in", code, 30 + number) for number, code in enumerate(codes[:4])]
    said += [("out", code, 60 + number) for number, code in enumerate(codes[:-2])]
    said += [("in", code, 3 * number + 1) for number, code in enumerate(UNKNOWN)]
    rows = [
        {
            "key": f"{run}-{kind}-{minute}-{code}",
            "activity_id": activity.id.hex,
            "kind": kind,
            "via": {"card_code": code},
            "happened_at": (NINE + timedelta(minutes=minute)).isoformat(),
        }
        for kind, code, minute in said
    ]
    rows.append(rows[0] | {"key": f"{run}-nowhere", "activity_id": "0" * 32})
    return sorted(rows, key=lambda one: one["happened_at"])


def card_holders(day: Day) -> dict[str, UUID]:
    """New people with cards; the last one's was lost meanwhile."""
    admin = day.place.admin.actor
    people = [day.place.volunteer(f"居民{number}") for number in range(PEOPLE)]
    held = {cards.hand_out(admin, one.member_id).code: one.member_id for one in people}
    cards.report_lost(admin, people[-1].member_id)
    return held


def test_any_order_and_any_failure_end_in_the_same_visits_and_answers(client: FlaskClient, day: Day) -> None:
    """Who comes is scanned by one phone, who leaves by another: whichever finds the network first."""
    people = (day.place.coordinator, day.place.admin)
    grants = [tokens.grant_device(person.actor, "phone")[0] for person in people]
    ends = []
    for run in range(5):
        clock.move_to(NINE - timedelta(hours=1))
        activity, held = day.another_activity(), card_holders(day)
        queue = scans_of(activity, list(held), run)
        clock.move_to(NINE + timedelta(hours=3 + 6 * run))
        chance = random.Random(run)
        door, exit_ = (
            Phone(client, day, token, chance, [one for one in queue if one["kind"] == kind])
            for token, kind in zip(grants, ("in", "out"), strict=True)
        )
        while door.waiting or exit_.waiting:
            chance.choice([one for one in (door, exit_) if one.waiting]).send_some()
        ends.append(end_of(activity, held, door.outcomes | exit_.outcomes, run))
    assert ends == ends[:1] * len(ends)
    visits, answers = ends[0]
    assert [(minutes, state) for _, _, minutes, state, _ in visits.values()] == [
        *((60 - number, "pending") for number in range(6)),
        (None, "open"),
    ]
    assert sorted(code for status, code in answers.values() if status == "refused") == sorted(
        ["card_lost", *4 * ["duplicate_checkin"], "not_found", *len(UNKNOWN) * ["unknown_card"]]
    )


def end_of(activity: Activity, held: dict[str, UUID], outcomes: dict[str, Outcome], run: int) -> tuple[Any, Any]:
    """What is recorded and what the phone was told, by the places of the people instead of their codes."""
    db.session.rollback()
    place = {code: f"person {number}" for number, code in enumerate(held)}
    rows = db.session.scalars(select(Checkin).where(Checkin.activity_id == activity.id))
    found = {row.member_id: (row.arrived_at, row.left_at, row.minutes, row.state, row.evidence) for row in rows}
    told = {}
    for key, outcome in outcomes.items():
        name = key.removeprefix(f"{run}-")
        told[next((name.replace(code, place[code]) for code in held if code in name), name)] = outcome
    return {place[code]: found[member] for code, member in held.items() if member in found}, told


def test_a_device_grant_records_without_a_session_reads_nothing_and_is_revoked(client: FlaskClient, day: Day) -> None:
    coordinator = day.place.coordinator
    token, session = tokens.grant_device(coordinator.actor, "phone")
    held = list(card_holders(day))
    items = scans_of(day.activity, held, 0)
    headers = {"Authorization": f"Bearer {token}"}
    send = lambda: client.post(f"{day.place.url}/checkins/batch", json={"items": items[:1]}, headers=headers)  # noqa: E731
    assert send().json["results"][0]["status"] == "recorded"
    for path in ("/checkins", "/members", f"/activities/{day.activity.id.hex}"):
        assert client.get(f"{day.place.url}{path}", headers=headers).json["code"] == "scope_missing"
    client.set_cookie("session_token", token)
    assert client.get(f"/c/{day.place.id.hex}/", headers={}).status_code == 403
    tokens.revoke_token(coordinator.actor, session.id)
    assert send().status_code == 401
    token, _ = tokens.grant_device(coordinator.actor, "phone")
    headers["Authorization"] = f"Bearer {token}"
    assert send().json["results"][0]["status"] == "replayed"
    clock.advance(days=7)
    assert send().status_code == 401
