"""What is true of the books whatever happens: they equal a model of a few lines of plain Python, and check clean.

A verb of the books joins as a rule and a few lines of the model. The expiry of points has a model of its own in
tests/ledger/book; here nothing expires but holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.balances import MemberBalance
from ledger.book.bulk import post_each
from ledger.book.checking import run_checks
from ledger.book.codes import Code
from ledger.book.errors import (
    AlreadyPosted,
    AmountOutOfRange,
    EffectiveInFuture,
    HoldEnded,
    InsufficientFunds,
    InsufficientPoints,
    OverReversed,
    TransferNotDeclared,
)
from ledger.book.reversals import Taking, take_back
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic, db
from tests.ledger.book.model import Given, Model, Reserved, Stamp
from tests.ledger.book.town import Town, evidence, open_town

MEMBERS = some.integers(0, 2)
POINTS = some.integers(1, 40)
CHOICE = some.integers(0, 99)

CHECKED_EVERY = 1_000
SHARDS = 20
OPERATIONS_OF_A_SHARD = int(os.environ.get("NIGHT_OPERATIONS", "25000"))
"""Twenty shards on two engines make a million operations in a night; the variable makes the night shorter."""

Reasons = type[Exception] | tuple[type[Exception], ...] | None


class Books(RuleBasedStateMachine):
    """Verbs of the books in any order, each a committed call, each compared with the model."""

    operations: ClassVar[int] = 0
    """Calls of verbs so far, refused ones included."""

    town: Town

    def call(self, verb: Callable[..., Any], *arguments: Any, refused: Reasons = None) -> Any:
        """The verb is called, and refused for this reason; None: it is not refused."""
        Books.operations += 1
        if refused is None:
            return verb(*arguments)
        with pytest.raises(refused):
            verb(*arguments)
        return None

    @initialize()
    def begin(self) -> None:
        clock.move_to(datetime(2026, 11, 20, 4, tzinfo=UTC))
        self.town = open_town(members=3)
        self.model = Model()

    # What comes in.

    @rule(member=MEMBERS, points=POINTS, minutes=some.integers(0, 90))
    def award(self, member: int, points: int, minutes: int) -> None:
        source, member_id = evidence("stamp"), self.town.member_ids[member]
        drafts = [self.town.award_of(member_id, points, source=source)]
        if minutes:
            drafts.append(self.town.hours_of(member_id, minutes, source=source))
        transfer_id, *_ = self.call(self.town.post, *drafts)
        self.model.stamps.append(Stamp(member, drafts, transfer_id, points, minutes))
        self.model.purses[member].earn(points)
        self.model.purses[member].minutes += minutes

    @rule(members=some.lists(MEMBERS, min_size=1, max_size=6), points=POINTS)
    def award_many(self, members: list[int], points: int) -> None:
        drafts = [self.town.award_of(self.town.member_ids[member], points) for member in members]
        written = self.call(self.town.post, *drafts)
        for member, draft, transfer_id in zip(members, drafts, written, strict=True):
            self.model.stamps.append(Stamp(member, [draft], transfer_id, points, 0))
            self.model.purses[member].earn(points)

    @rule(member=MEMBERS, points=POINTS)
    def open_with(self, member: int, points: int) -> None:
        self.call(self.town.post, self.town.opening_of(self.town.member_ids[member], points))
        self.model.purses[member].earn(points)

    @precondition(lambda self: self.model.stamps)
    @rule(choice=CHOICE)
    def award_again(self, choice: int) -> None:
        self.call(self.town.post, *self.model.stamp(choice).drafts, refused=AlreadyPosted)

    @rule(members=some.lists(MEMBERS, min_size=1, max_size=4), points=POINTS, fault=some.integers(0, 5))
    def one_wrong_of_many_refuses_all(self, members: list[int], points: int, fault: int) -> None:
        drafts = [self.town.award_of(self.town.member_ids[member], points) for member in members]
        member_id, town = self.town.member_ids[0], self.town
        wrong: list[tuple[Draft, type[Exception]]] = [
            (town.award_of(member_id, 0), AmountOutOfRange),
            (
                Draft(code=Code.PAY, debit=town.shop, credit=town.pot, amount=1, source=evidence("x")),
                TransferNotDeclared,
            ),
            (town.award_of(member_id, 1, effective_at=clock.now() + timedelta(seconds=1)), EffectiveInFuture),
            (town.spending_of(member_id, 10**6), InsufficientPoints),
            (town.charge_of(10**6), InsufficientFunds),
            (drafts[0], AlreadyPosted),
        ]
        draft, reason = wrong[fault]
        self.call(town.post, *drafts, draft, refused=reason)

    # What goes out.

    @rule(member=MEMBERS, points=POINTS)
    def spend(self, member: int, points: int) -> None:
        short = points > self.model.available(member)
        self.call(self.town.spend, self.town.member_ids[member], points, refused=InsufficientPoints if short else None)
        if not short:
            self.model.spend(member, points)

    @rule(payers=some.lists(some.tuples(MEMBERS, POINTS), min_size=2, max_size=4))
    def spend_together(self, payers: list[tuple[int, int]]) -> None:
        wanted = [sum(points for who, points in payers if who == member) for member in range(3)]
        short = any(wanted[member] > self.model.available(member) for member in range(3) if wanted[member])
        drafts = [self.town.spending_of(self.town.member_ids[who], points) for who, points in payers]
        self.call(self.town.post, *drafts, refused=InsufficientPoints if short else None)
        for member in () if short else range(3):
            self.model.spend(member, wanted[member])

    @rule(payers=some.lists(some.tuples(MEMBERS, POINTS), min_size=1, max_size=5))
    def spend_each_for_itself(self, payers: list[tuple[int, int]]) -> None:
        """Who comes first gets the points; nobody's refusal is anybody else's."""
        items = [[self.town.spending_of(self.town.member_ids[who], points)] for who, points in payers]
        outcomes = self.call(atomic(post_each), self.town.actor, items)
        for (who, points), outcome in zip(payers, outcomes, strict=True):
            short = points > self.model.available(who)
            assert isinstance(outcome.refusal, InsufficientPoints if short else type(None))
            if not short:
                self.model.spend(who, points)

    @rule(member=MEMBERS, points=POINTS)
    def donate(self, member: int, points: int) -> None:
        short = points > self.model.available(member)
        draft = self.town.donation_of(self.town.member_ids[member], points)
        written = self.call(self.town.post, draft, refused=InsufficientPoints if short else None)
        if not short:
            self.model.donate(member, points)
            self.model.given.append(Given(member, draft, written[0], points))

    @rule(member=MEMBERS, points=POINTS)
    def refund(self, member: int, points: int) -> None:
        self.call(self.town.post, self.town.refund_of(self.town.member_ids[member], points))
        self.model.spend(member, -points)

    @rule(one=MEMBERS, step=some.integers(1, 2), points=POINTS)
    def merge(self, one: int, step: int, points: int) -> None:
        other, short = (one + step) % 3, points > self.model.available(one)
        draft = self.town.merge_of(self.town.member_ids[one], self.town.member_ids[other], points)
        self.call(self.town.post, draft, refused=InsufficientPoints if short else None)
        if not short:
            self.model.move(one, other, points)

    @rule(points=POINTS)
    def settle(self, points: int) -> None:
        self.call(self.town.post, self.town.settlement_of(points))
        self.model.takings -= points

    @rule(fen=POINTS)
    def pay(self, fen: int) -> None:
        self.call(self.town.post, self.town.payment_of(fen))
        self.model.due -= fen

    @rule(fen=some.integers(1, 200))
    def grant(self, fen: int) -> None:
        draft = self.town.grant_of(fen)
        [transfer_id] = self.call(self.town.post, draft)
        self.model.fund += fen
        self.model.given.append(Given(None, draft, transfer_id, fen))

    @rule(fen=POINTS)
    def charge(self, fen: int) -> None:
        short = fen > self.model.left_in_fund()
        self.call(self.town.charge, fen, refused=InsufficientFunds if short else None)
        if not short:
            self.model.charge(fen)

    # What is taken back.

    @precondition(lambda self: self.model.stamps)
    @rule(choices=some.sets(CHOICE, min_size=1, max_size=3))
    def undo(self, choices: set[int]) -> None:
        chosen = self.model.stamps_of(choices)
        self.call(self.town.undo, *(stamp.drafts[0].source.id for stamp in chosen))
        self.model.undo(chosen)

    @precondition(lambda self: self.model.stamps)
    @rule(choice=CHOICE, points=POINTS)
    def take_back_a_part(self, choice: int, points: int) -> None:
        stamp = self.model.stamp(choice)
        short, over = points > self.model.available(stamp.member), points > stamp.left
        draft = self.town.reversal_of(stamp.transfer_id, stamp.drafts[0], points)
        reason: Reasons = InsufficientPoints if short else OverReversed if over else None
        self.call(self.town.post, draft, refused=reason)
        if reason is None:
            self.model.take_back(stamp, points)

    @precondition(lambda self: self.model.stamps)
    @rule(choice=CHOICE, points=POINTS)
    def take_back_by_hand(self, choice: int, points: int) -> None:
        """A part of an award, whether the wallet has it or not: what it has not is owed."""
        stamp = self.model.stamp(choice)
        over = points > stamp.left
        taking = Taking(stamp.transfer_id, points, evidence("correction"))
        self.call(atomic(take_back), self.town.actor, [taking], refused=OverReversed if over else None)
        if not over:
            self.model.take_back_by_hand(stamp, points)

    @precondition(lambda self: self.model.given)
    @rule(choice=CHOICE, amount=POINTS)
    def give_back_a_part(self, choice: int, amount: int) -> None:
        """Of a donation to the pot, or of a grant to the fund, which must still have it."""
        given = self.model.given[choice % len(self.model.given)]
        short = given.member is None and amount > self.model.left_in_fund()
        reason: Reasons = InsufficientFunds if short else OverReversed if amount > given.left else None
        self.call(self.town.post, self.town.reversal_of(given.transfer_id, given.draft, amount), refused=reason)
        if reason is None:
            self.model.give_back(given, amount)

    # What is set aside.

    @rule(member=MEMBERS, points=POINTS, seconds=some.sampled_from([30, 60, 600]))
    def hold_points(self, member: int, points: int, seconds: int) -> None:
        short = points > self.model.available(member)
        key = wallet_of(self.town.member_ids[member])
        self._hold(key, member, points, seconds=seconds, refused=InsufficientPoints if short else None)

    @rule(fen=POINTS, seconds=some.sampled_from([30, 60, 600]))
    def hold_money(self, fen: int, seconds: int) -> None:
        short = fen > self.model.left_in_fund()
        self._hold(self.town.fund, None, fen, seconds=seconds, refused=InsufficientFunds if short else None)

    def _hold(self, key: AccountKey, member: int | None, amount: int, *, seconds: int, refused: Reasons) -> None:
        hold = self.call(lambda: self.town.hold(key, amount, seconds=seconds), refused=refused)
        if refused is None:
            self.model.reserved.append(Reserved(hold, member, amount, hold.expires_at))

    @precondition(lambda self: self.model.reserved)
    @rule(choice=CHOICE, more=some.integers(-5, 3), donated=some.booleans())
    def post_a_hold(self, choice: int, more: int, donated: bool) -> None:
        """For what was held, for less, or for more where that is available."""
        reserved = self.model.reserved[choice % len(self.model.reserved)]
        amount = max(1, reserved.amount + more)
        draft = self._draft_for(reserved, amount, donated=donated)
        reason = self._why_not(reserved, more=amount - reserved.amount)
        self.call(self.town.post, draft, refused=reason)
        if reason is None:
            reserved.live = False
            self.model.pay(reserved.member, amount, donated=donated)

    def _draft_for(self, reserved: Reserved, amount: int, *, donated: bool) -> Draft:
        if reserved.member is None:
            return self.town.charge_of(amount, hold=reserved.hold)
        of = self.town.donation_of if donated else self.town.spending_of
        return of(self.town.member_ids[reserved.member], amount, hold=reserved.hold)

    def _why_not(self, reserved: Reserved, *, more: int) -> Reasons:
        member = reserved.member
        short, available = (
            (InsufficientFunds, self.model.left_in_fund())
            if member is None
            else (InsufficientPoints, self.model.available(member))
        )
        if not reserved.live or reserved.until <= clock.now():
            return (HoldEnded, short) if more > 0 else HoldEnded
        return short if more > available else None

    @precondition(lambda self: self.model.reserved)
    @rule(choice=CHOICE)
    def void_a_hold(self, choice: int) -> None:
        reserved = self.model.reserved[choice % len(self.model.reserved)]
        self.call(self.town.void, reserved.hold)
        reserved.live = False

    @rule(seconds=some.sampled_from([1, 29, 31, 600]))
    def wait(self, seconds: int) -> None:
        clock.advance(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.call(self.town.sweep)
        self.model.forget_overdue(everywhere=True)

    # What is compared after every step.

    @invariant()
    def the_books_equal_the_model(self) -> None:
        members, shared = self._read()
        for member, (found, purse) in enumerate(zip(members, self.model.purses, strict=True)):
            assert (found.posted, found.held, found.available) == (
                purse.points,
                self.model.held(member),
                self.model.available(member),
            )
            assert (found.debt, found.minutes) == (purse.debt, purse.minutes)
            assert (found.lifetime_earned, found.lifetime_spent) == (purse.earned, purse.spent)
            assert found.posted == found.lifetime_earned + found.debt - found.lifetime_spent + purse.moved
        assert shared == [self.model.fund, self.model.takings, self.model.due, self.model.pot]

    @atomic
    def _read(self) -> tuple[list[MemberBalance], list[int]]:
        """The members' figures, and what is in the fund, with the shop, owed to it and in the pot."""
        town = self.town
        return (
            [town.of(member_id) for member_id in town.member_ids],
            [town.balance(key) for key in (town.fund, town.shop, town.due, town.pot)],
        )

    @invariant()
    def the_books_check_clean_every_thousandth_time(self) -> None:
        if Books.operations >= self.next_check:
            Books.next_check = Books.operations + CHECKED_EVERY
            check_books()

    next_check: ClassVar[int] = CHECKED_EVERY

    def teardown(self) -> None:
        clock.move_to(None)


def check_books() -> None:
    db.session.remove()
    assert run_checks() == []
    db.session.remove()


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
    check_books()


def test_the_books_equal_a_model_in_plain_python(context: Flask) -> None:
    walk(16, 30, seeded=True)


@pytest.mark.long
def test_the_books_equal_a_model_in_plain_python_on_new_walks(context: Flask) -> None:
    walk(40, 50, seeded=False)


@pytest.mark.night
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_the_books_equal_a_model_in_plain_python_for_a_night(context: Flask, shard: int) -> None:
    end = Books.operations + OPERATIONS_OF_A_SHARD
    while Books.operations < end:
        walk(min(250, 1 + (end - Books.operations) // 50), 50, seeded=False)
