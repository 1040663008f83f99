"""What is true of the books whatever happens: they equal a model of a few lines of plain Python, and check clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.checks import run_checks
from ledger.book.errors import AlreadyPosted, HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.book.models import Hold
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import db
from tests.ledger.book.town import Town, evidence, open_town

MEMBERS = some.integers(0, 2)
POINTS = some.integers(1, 40)


@dataclass
class Purse:
    """The model of a member: what is in the wallet, owed and served."""

    points: int = 0
    debt: int = 0
    minutes: int = 0
    earned: int = 0
    spent: int = 0

    def earn(self, points: int) -> None:
        repaid = min(points, self.debt)
        self.points += points - repaid
        self.debt -= repaid
        self.earned += points

    def give_back(self, points: int, available: int) -> None:
        taken = min(points, available)
        self.points -= taken
        self.debt += points - taken
        self.earned -= points


@dataclass
class Stamp:
    """The model of an award: its drafts, and whether it has been undone."""

    member: int
    drafts: list[Draft]
    points: int
    minutes: int
    undone: bool = False


@dataclass
class Reserved:
    """The model of a hold on a wallet (of a member) or on the fund (None)."""

    hold: Hold
    member: int | None
    amount: int
    until: datetime
    live: bool = True


@dataclass
class Model:
    """The books as a few numbers and lists."""

    purses: list[Purse] = field(default_factory=lambda: [Purse() for _ in range(3)])
    fund: int = 0
    paid: int = 0
    stamps: list[Stamp] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)

    def held(self, member: int | None) -> int:
        return sum(r.amount for r in self.reserved if r.member == member and r.live and r.until > clock.now())

    def held_in_fund_until_swept(self) -> int:
        return sum(r.amount for r in self.reserved if r.member is None and r.live)

    def available(self, member: int) -> int:
        return self.purses[member].points - self.held(member)

    def forget_overdue(self, member: int | None = None, *, everywhere: bool = False) -> None:
        for reserved in self.reserved:
            if (everywhere or reserved.member == member) and reserved.until <= clock.now():
                reserved.live = False


@contextmanager
def refused(reason: type[Exception] | None) -> Iterator[None]:
    """The block is refused for this reason; None: it is not refused."""
    if reason is None:
        yield
        return
    with pytest.raises(reason):
        yield


class Books(RuleBasedStateMachine):
    """Verbs of the books in any order, each compared with the model."""

    town: Town

    @initialize()
    def begin(self) -> None:
        clock.move_to(datetime(2026, 11, 20, 4, tzinfo=UTC))
        self.town = open_town(members=3)
        self.model = Model()

    @rule(member=MEMBERS, points=POINTS, minutes=some.integers(0, 90))
    def award(self, member: int, points: int, minutes: int) -> None:
        source = evidence("stamp")
        drafts = [self.town.award_of(self.town.member_ids[member], points, source=source)]
        if minutes:
            drafts.append(self.town.hours_of(self.town.member_ids[member], minutes, source=source))
        self.town.post(*drafts)
        self.model.stamps.append(Stamp(member, drafts, points, minutes))
        self.model.purses[member].earn(points)
        self.model.purses[member].minutes += minutes

    @rule(members=some.lists(MEMBERS, min_size=1, max_size=6), points=POINTS)
    def award_many(self, members: list[int], points: int) -> None:
        drafts = [self.town.award_of(self.town.member_ids[member], points) for member in members]
        self.town.post(*drafts)
        for member, draft in zip(members, drafts, strict=True):
            self.model.stamps.append(Stamp(member, [draft], points, 0))
            self.model.purses[member].earn(points)

    @rule(choice=some.integers(0, 99))
    def award_again(self, choice: int) -> None:
        if self.model.stamps:
            with refused(AlreadyPosted):
                self.town.post(*self.model.stamps[choice % len(self.model.stamps)].drafts)

    @rule(choices=some.sets(some.integers(0, 99), min_size=1, max_size=3))
    def undo(self, choices: set[int]) -> None:
        stamps = self.model.stamps
        chosen = sorted({choice % len(stamps) for choice in choices}) if stamps else []
        if not chosen:
            return
        available = {member: self.model.available(member) for member in range(3)}
        self.town.undo(*(stamps[place].drafts[0].source.id for place in chosen))
        for stamp in (stamps[place] for place in chosen if not stamps[place].undone):
            purse, before = self.model.purses[stamp.member], self.model.purses[stamp.member].points
            purse.give_back(stamp.points, available[stamp.member])
            available[stamp.member] -= before - purse.points
            purse.minutes -= stamp.minutes
            stamp.undone = True
        for stamp in (stamps[place] for place in chosen):
            self.model.forget_overdue(stamp.member)

    @rule(member=MEMBERS, points=POINTS)
    def spend(self, member: int, points: int) -> None:
        short = points > self.model.available(member)
        with refused(InsufficientPoints if short else None):
            self.town.spend(self.town.member_ids[member], points)
        if not short:
            self.model.purses[member].points -= points
            self.model.purses[member].spent += points

    @rule(payers=some.lists(some.tuples(MEMBERS, POINTS), min_size=2, max_size=4))
    def spend_together(self, payers: list[tuple[int, int]]) -> None:
        wanted = [sum(points for who, points in payers if who == member) for member in range(3)]
        short = any(wanted[member] > self.model.available(member) for member in range(3) if wanted[member])
        with refused(InsufficientPoints if short else None):
            self.town.post(*(self.town.spending_of(self.town.member_ids[who], points) for who, points in payers))
        for member in () if short else range(3):
            self.model.purses[member].points -= wanted[member]
            self.model.purses[member].spent += wanted[member]

    @rule(member=MEMBERS, points=POINTS, seconds=some.sampled_from([30, 60, 600]))
    def hold_points(self, member: int, points: int, seconds: int) -> None:
        short = points > self.model.available(member)
        with refused(InsufficientPoints if short else None):
            self._hold(wallet_of(self.town.member_ids[member]), member, points, seconds=seconds)

    @rule(fen=POINTS, seconds=some.sampled_from([30, 60, 600]))
    def hold_money(self, fen: int, seconds: int) -> None:
        short = fen > self.model.fund - self.model.held_in_fund_until_swept()
        with refused(InsufficientFunds if short else None):
            self._hold(self.town.fund, None, fen, seconds=seconds)

    def _hold(self, key: AccountKey, member: int | None, amount: int, *, seconds: int) -> None:
        hold = self.town.hold(key, amount, seconds=seconds)
        self.model.reserved.append(Reserved(hold, member, amount, hold.expires_at))

    @rule(choice=some.integers(0, 99))
    def post_a_hold(self, choice: int) -> None:
        if not self.model.reserved:
            return
        reserved = self.model.reserved[choice % len(self.model.reserved)]
        gone = not reserved.live or reserved.until <= clock.now()
        with refused(HoldEnded if gone else None):
            if reserved.member is None:
                self.town.post(self.town.charge_of(reserved.amount, hold=reserved.hold))
            else:
                member_id = self.town.member_ids[reserved.member]
                self.town.post(self.town.spending_of(member_id, reserved.amount, hold=reserved.hold))
        if not gone:
            reserved.live = False
            self._pay(reserved.member, reserved.amount)

    def _pay(self, member: int | None, amount: int) -> None:
        if member is None:
            self.model.fund -= amount
            self.model.paid += amount
        else:
            self.model.purses[member].points -= amount
            self.model.purses[member].spent += amount

    @rule(choice=some.integers(0, 99))
    def void_a_hold(self, choice: int) -> None:
        if self.model.reserved:
            reserved = self.model.reserved[choice % len(self.model.reserved)]
            self.town.void(reserved.hold)
            reserved.live = False

    @rule(fen=some.integers(1, 200))
    def grant(self, fen: int) -> None:
        self.town.grant(fen)
        self.model.fund += fen

    @rule(fen=POINTS)
    def charge(self, fen: int) -> None:
        short = fen > self.model.fund - self.model.held_in_fund_until_swept()
        with refused(InsufficientFunds if short else None):
            self.town.charge(fen)
        if not short:
            self._pay(None, fen)

    @rule(seconds=some.sampled_from([1, 29, 31, 600]))
    def wait(self, seconds: int) -> None:
        clock.advance(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.town.sweep()
        self.model.forget_overdue(everywhere=True)

    @invariant()
    def the_books_equal_the_model(self) -> None:
        for member, purse in enumerate(self.model.purses):
            found = self.town.of(self.town.member_ids[member])
            assert (found.posted, found.held, found.available) == (
                purse.points,
                self.model.held(member),
                self.model.available(member),
            )
            assert (found.debt, found.minutes) == (purse.debt, purse.minutes)
            assert (found.lifetime_earned, found.lifetime_spent) == (purse.earned, purse.spent)
            assert found.posted == found.lifetime_earned + found.debt - found.lifetime_spent

    @invariant()
    def the_fund_equals_the_model(self) -> None:
        assert self.town.balance(self.town.fund) == self.model.fund

    def teardown(self) -> None:
        db.session.remove()
        assert run_checks() == []
        clock.move_to(None)


def walk(examples: int, steps: int, *, seeded: bool) -> None:
    chosen: Any = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=seeded,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Books, settings=chosen)
    finally:
        clock.move_to(None)


def test_the_books_equal_a_model_in_plain_python(context: Flask) -> None:
    walk(20, 25, seeded=True)


@pytest.mark.long
def test_the_books_equal_a_model_in_plain_python_on_new_walks(context: Flask) -> None:
    walk(120, 50, seeded=False)
