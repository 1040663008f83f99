"""kill -9 between any two statements of a write: nothing that was answered is lost, and nothing happens twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book.balances import member_balance
from ledger.book.checking import run_checks
from ledger.book.models import Transfer
from ledger.book.tree import size_of
from ledger.core.db import atomic, db
from tests.crash_worker import AGAIN, KINDS, NEVER, STEPS, Errand
from tests.ledger.book.town import Town, open_town

KILLS = 120
"""On each engine in `make test`: at least every point of every kind once."""

KILLS_OF_A_NIGHT = 5_000
CHECKED_EVERY = 100

Case = tuple[str, int]
"""A kind of write and the point at which it is killed."""


@dataclass
class Nursery:
    """The process whose children are killed, and what they were told to do."""

    town: Town
    process: subprocess.Popen[str]
    kinds: dict[int, str] = field(default_factory=dict)
    """Each number that was begun, with its kind."""

    def next_number(self, kind: str) -> int:
        self.kinds[number := len(self.kinds) + 1] = kind
        return number

    def send(self, *steps: tuple[int, int]) -> tuple[dict[int, tuple[bool, int]], int]:
        """One child takes the steps (number, point): what was answered (replayed?, points passed), and its end."""
        line = " ".join(f"{self.kinds[number]}:{number}:{point}" for number, point in steps)
        print(line, file=self.process.stdin, flush=True)
        answered: dict[int, tuple[bool, int]] = {}
        while True:
            word, *figures = self.process.stdout.readline().split()
            if word == "ended":
                return answered, int(figures[0])
            number, replayed, passed = map(int, figures)
            answered[number] = bool(replayed), passed


@pytest.fixture
def nursery(context: Flask) -> Iterator[Nursery]:
    # A killed process loses nothing that it gave to the system, so the databases of the tests, which never sync, do.
    town = open_town()
    ids = (town.id, town.actor.person_id, town.merchant_id, town.fund_id)
    db.session.remove()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash_worker", context.config["SQLALCHEMY_DATABASE_URI"], *map(str, ids)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Nursery(town, process)
    process.stdin.close()
    process.wait()
    process.stdout.close()


def points_of(nursery: Nursery, kind: str) -> int:
    """How many points a write of this kind passes: its statements, before its COMMIT, after it."""
    number = nursery.next_number(kind)
    answered, end = nursery.send((number, NEVER))
    assert end == os.EX_OK
    return answered[number][1]


def every_case(nursery: Nursery) -> list[Case]:
    return [(kind, point) for kind in KINDS for point in range(1, points_of(nursery, kind) + 1)]


def kill_through(nursery: Nursery, cases: Sequence[Case], *, last_points: dict[str, int]) -> None:
    """Each case is killed once and asked again by the next child, as a client asks that heard no answer."""
    asked_again: list[tuple[int, int]] = []
    expected: dict[int, bool] = {}
    for place, (kind, point) in enumerate(cases):
        number = nursery.next_number(kind)
        answered, end = nursery.send(*asked_again, (number, point))
        assert end == 9, f"{kind} was not killed at point {point}"
        assert {number: replayed for number, (replayed, _) in answered.items()} == expected
        asked_again, expected = [(number, AGAIN)], {number: point == last_points[kind]}
        if place % CHECKED_EVERY == 0:
            assert run_checks() == []
            db.session.remove()
    answered, end = nursery.send(*asked_again)
    assert end == os.EX_OK
    assert {number: replayed for number, (replayed, _) in answered.items()} == expected


def assert_each_happened_once(nursery: Nursery) -> None:
    """Every number left what its kind leaves when it happens once, no less and no more."""
    written = transfers_by_source()
    for number, name in nursery.kinds.items():
        kind, errand = KINDS[name], Errand.of(nursery.town, name, number)
        town = errand.town
        found = atomic(member_balance)(town.id, errand.member_id)
        assert (found.posted, found.held, found.debt, found.minutes) == (kind.points, 0, kind.debt, kind.minutes), name
        assert town.balance(errand.fund) == kind.fund, name
        assert atomic(size_of)(town.id) == kind.leaves, name
        assert sum(written[errand.source(step).id] for step in STEPS) == kind.transfers, name
    assert run_checks() == []


@atomic
def transfers_by_source() -> Counter[UUID]:
    return Counter(db.session.scalars(select(Transfer.source_id)))


def kill_and_compare(nursery: Nursery, kills: int) -> None:
    """Every point of every kind, again and again until there are so many kills."""
    cases = every_case(nursery)
    last_points = dict(cases)
    kill_through(nursery, list(islice(cycle(cases), max(kills, len(cases)))), last_points=last_points)
    assert_each_happened_once(nursery)


def test_killed_between_any_two_statements_nothing_is_lost_and_nothing_doubled(nursery: Nursery) -> None:
    kill_and_compare(nursery, KILLS)


@pytest.mark.night
@pytest.mark.timeout(7200)
def test_killed_all_night_nothing_is_lost_and_nothing_doubled(nursery: Nursery) -> None:
    kill_and_compare(nursery, KILLS_OF_A_NIGHT)
