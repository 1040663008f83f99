"""Random histories of wallets whose points expire, compared after every step with a model that moves single points."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from ledger.book import expiry
from ledger.book.accounts import takings_of, wallet_of
from ledger.book.checking import run_checks
from ledger.book.codes import Code
from ledger.book.dating import PIECES_APART
from ledger.book.errors import InsufficientPoints
from ledger.book.models import Cohort, ExpiryPolicy, Hold, Transfer
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.tenancy import scoped
from tests.ledger.book.lots import Lots, Short
from tests.ledger.book.town import Town, evidence, open_town

BEGIN = datetime(2026, 1, 15, 4, tzinfo=UTC)
STEPS = 24


@dataclass
class Spent:
    """A spending that can be given back: its transfer, and how much of it is left to give back."""

    transfer_id: UUID
    name: object
    left: int


@dataclass
class Earned:
    """An award that can be undone: its stamp, and the last day of its points."""

    stamp_id: UUID
    amount: int
    until: date


@dataclass
class History:
    """One member, the books and the model beside each other."""

    town: Town
    member_id: UUID
    chance: random.Random
    lots: Lots = field(default_factory=Lots)
    awards: list[Earned] = field(default_factory=list)
    spendings: list[Spent] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    @property
    def day(self) -> date:
        return clock.today()

    def step(self) -> str:
        act = self.chance.choice(ACTS)
        act(self)
        self.compare(act.__name__)
        return act.__name__

    # What happens, in the books and in the model.

    def award(self) -> None:
        amount = self.chance.randint(1, 9)
        effective_at = clock.now() - timedelta(days=self.chance.choice((0, 0, 40)))
        source = evidence("stamp")
        self.town.post(self.town.award_of(self.member_id, amount, source=source, effective_at=effective_at))
        self.awards.append(Earned(source.id, amount, self.lots.award(amount, self.day)))

    def undo(self) -> None:
        if self.awards:
            award = self.awards.pop(self.chance.randrange(len(self.awards)))
            self._end_overdue()
            self.town.undo(award.stamp_id)
            self.lots.undo(award.amount, award.until, self.day)

    def spend(self) -> None:
        amount, name = self.chance.randint(1, 15), new_id()
        draft = self.town.spending_of(self.member_id, amount)
        transfer_id = self._both(lambda: self.town.post(draft)[0], lambda: self.lots.spend(amount, self.day, by=name))
        if transfer_id:
            self.spendings.append(Spent(transfer_id, name, amount))

    def hold(self) -> None:
        amount, minutes, name = self.chance.randint(1, 8), self.chance.choice((15, 60 * 24 * 45)), new_id()
        hold = self._both(
            lambda: self.town.hold(wallet_of(self.member_id), amount, seconds=60 * minutes, source_id=name),
            lambda: self.lots.hold(amount, self.day, by=name),
        )
        if hold:
            self.holds.append(hold)

    def post(self) -> None:
        live = [hold for hold in self.holds if hold.expires_at > clock.now()]
        if live:
            hold = self.chance.choice(live)
            self.holds.remove(hold)
            amount = self.chance.choice((hold.amount, self.chance.randint(1, hold.amount)))
            [transfer_id] = self.town.post(self.town.spending_of(self.member_id, amount, hold=hold))
            self.lots.post(hold.source_id, amount)
            self.spendings.append(Spent(transfer_id, hold.source_id, amount))

    def void(self) -> None:
        if self.holds:
            hold = self.holds.pop(self.chance.randrange(len(self.holds)))
            self.town.void(hold)
            self.lots.release(hold.source_id)

    def refund(self) -> None:
        open_ones = [spent for spent in self.spendings if spent.left]
        if open_ones:
            spent = self.chance.choice(open_ones)
            amount = self.chance.choice((spent.left, self.chance.randint(1, spent.left)))
            refund = Draft(
                code=Code.REFUND,
                debit=takings_of(self.town.merchant_id),
                credit=wallet_of(self.member_id),
                amount=amount,
                source=evidence("refund"),
                reverses_id=spent.transfer_id,
            )
            self.town.post(refund)
            spent.left -= amount
            self.lots.refund(spent.name, amount, self.day)

    def wait(self) -> None:
        clock.advance(days=self.chance.choice((1, 9, 17, 33)))

    def expire(self) -> None:
        self._end_overdue()
        atomic(expiry.expire_points)(self.town.id, "")
        self.lots.expire(self.day)

    def change_policy(self) -> None:
        self.lots.months = self.chance.choice((None, 1, 1, 2, 2, 3))
        decide(self.town, self.lots.months)

    def _end_overdue(self) -> None:
        """The sweeper comes; what only the books do on their own (ending overdue holds) is done in both."""
        self.town.sweep()
        for hold in [hold for hold in self.holds if hold.expires_at <= clock.now()]:
            self.holds.remove(hold)
            self.lots.release(hold.source_id)

    def _both(self, in_books, in_model):
        self._end_overdue()
        try:
            in_model()
        except Short:
            with pytest.raises(InsufficientPoints):
                in_books()
            return None
        return in_books()

    # What is compared.

    def compare(self, after: str) -> None:
        balance = self.town.of(self.member_id)
        assert balance.posted == self.lots.posted(), after
        assert balance.debt == self.lots.debt, after
        assert self._left() == self.lots.left(), after

    @atomic
    def _left(self) -> dict[date, int]:
        account_id = wallet_of(self.member_id).id_in(self.town.id)
        query = scoped(self.town.id, Cohort.expires_on, Cohort.points_left).where(
            Cohort.account_id == account_id, Cohort.points_left > 0
        )
        return dict(db.session.execute(query).tuples().all())


ACTS = [
    *(History.award, History.award, History.award, History.undo, History.undo, History.spend, History.hold),
    *(History.post, History.void, History.refund, History.refund, History.wait, History.wait, History.wait),
    *(History.expire, History.expire, History.change_policy),
]


@atomic
def decide(town: Town, months: int | None) -> None:
    row = {"community_id": town.id, "id": new_id(), "months": months, "since": clock.now(), "actor_id": new_id()}
    db.session.execute(insert(ExpiryPolicy), [row])


def tell_histories(count: int, *, seed: int) -> None:
    for number in range(count):
        clock.move_to(BEGIN)
        town = open_town(members=1)
        history = History(town, town.member_ids[0], random.Random(f"{seed} {number}"))
        history.change_policy()
        told: list[str] = []
        try:
            told.extend(history.step() for _ in range(STEPS))
        except BaseException as error:
            error.add_note(f"history {number} of seed {seed}: {told}")
            raise
    assert run_checks() == []
    assert_everything_happened()


def assert_everything_happened() -> None:
    """A model that is never asked the hard questions proves nothing."""
    codes = select(Transfer.code, func.max(Transfer.part)).group_by(Transfer.code)
    found = dict(db.session.execute(codes).tuples().all())
    assert set(found) >= {Code.AWARD, Code.REDEEM, Code.REFUND, Code.EXPIRE, Code.RESTORE, Code.REVERSE, Code.REPAY}
    assert found[Code.REFUND] >= PIECES_APART, "a refund of points with different dates"


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    clock.move_to(None)


def test_the_books_equal_a_model_of_single_points(context: Flask) -> None:
    tell_histories(60, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_the_books_equal_a_model_of_single_points_on_more_histories(context: Flask) -> None:
    tell_histories(300, seed=2)


@pytest.mark.night
@pytest.mark.timeout(7200)
def test_the_books_equal_a_model_of_single_points_on_ten_thousand_histories(context: Flask) -> None:
    tell_histories(10_000, seed=3)
