"""Stored balances by themselves: what is refused with which figures, what slots share, what figures add up to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, update

from ledger.book import balances
from ledger.book.accounts import debt_of, hours_of, issuance_of, wallet_of
from ledger.book.balances import Change
from ledger.book.codes import Unit
from ledger.book.cohorts import Expiring
from ledger.book.errors import HoldEnded, InsufficientFunds, InsufficientPoints, MomentInFuture
from ledger.book.models import Balance, Hold
from ledger.core import clock
from ledger.core.db import atomic, db, is_postgresql
from tests.ledger.book.town import Town, open_town


def change(town: Town, *changes: Change) -> None:
    atomic(balances.change_balances)(town.id, changes)


def of_wallet(town: Town, member: int, *, balance: int = 0, held: int = 0) -> Change:
    return Change(wallet_of(town.member_ids[member]), balance=balance, held=held)


# --- changes ----------------------------------------------------------------------------------------------------


@pytest.mark.breaks_books
def test_a_shortage_tells_what_was_needed_and_what_is_there(town: Town) -> None:
    town.award(town.member_ids[0], 10)
    town.hold(wallet_of(town.member_ids[0]), 4)
    with pytest.raises(InsufficientPoints) as short:
        change(town, of_wallet(town, 0, balance=-7), of_wallet(town, 1, balance=7))
    assert short.value.facts == {"needed": 7, "available": 6}
    assert (town.of(town.member_ids[0]).posted, town.of(town.member_ids[1]).posted) == (10, 0)
    change(town, of_wallet(town, 0, balance=-6), of_wallet(town, 1, balance=6))  # To the last point.
    assert (town.of(town.member_ids[0]).available, town.of(town.member_ids[1]).posted) == (0, 6)


@pytest.mark.breaks_books
def test_of_several_wallets_the_one_that_falls_short_is_named(town: Town) -> None:
    first, second = sorted((0, 1), key=lambda member: wallet_of(town.member_ids[member]).id_in(town.id).bytes)
    town.award(town.member_ids[first], 5)
    town.award(town.member_ids[second], 3)
    with pytest.raises(InsufficientPoints) as short:
        change(town, of_wallet(town, first, balance=-5), of_wallet(town, second, balance=-4))
    assert short.value.facts == {"needed": 4, "available": 3}


@pytest.mark.breaks_books
@pytest.mark.parametrize("among", [1, 2])
def test_more_than_is_held_is_not_let_go(town: Town, among: int) -> None:
    """Of one change and among several, and what is held to the last point is let go."""
    town.award(town.member_ids[0], 10)
    town.hold(wallet_of(town.member_ids[0]), 4)
    with_it = [of_wallet(town, 1)] * (among - 1)
    with pytest.raises(HoldEnded):
        change(town, of_wallet(town, 0, held=-5), *with_it)
    assert town.of(town.member_ids[0]).held == 4
    change(town, of_wallet(town, 0, held=-4), *with_it)
    assert town.of(town.member_ids[0]).held == 0


@pytest.mark.breaks_books
def test_a_slot_that_is_short_shares_and_what_no_slot_has_is_refused(town: Town) -> None:
    town.grant(8)
    fund = [Change(town.fund, slot=slot, balance=-8) for slot in range(2)]
    change(town, fund[0])
    assert town.balance(town.fund) == 0
    with pytest.raises(InsufficientFunds):
        change(town, fund[1])
    with pytest.raises(HoldEnded):
        change(town, Change(town.fund, slot=1, held=-1))
    assert town.balance(town.fund) == 0


@pytest.mark.breaks_books
def test_enough_that_comes_in_between_the_failure_and_the_lock_is_enough(town: Town) -> None:
    """Somebody gives while the shortage is looked at: then there is none."""
    poor = wallet_of(town.member_ids[0]).id_in(town.id)
    given = update(Balance).where(Balance.account_id == poor).values(balance=9)
    seen: list[str] = []

    def give(connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT balances.account_id") and not seen:
            seen.append(statement)
            db.session.connection().execute(given)

    event.listen(db.engine, "before_cursor_execute", give)
    try:
        change(town, of_wallet(town, 0, balance=-7), of_wallet(town, 1, balance=7))
    finally:
        event.remove(db.engine, "before_cursor_execute", give)
    assert (len(seen), town.of(town.member_ids[0]).posted, town.of(town.member_ids[1]).posted) == (1, 2, 7)


def test_an_account_that_was_never_opened_is_no_shortage(town: Town) -> None:
    with pytest.raises(AssertionError, match=r"^an account was never opened$"):
        change(town, Change(wallet_of(town.fund_id), balance=1))


def test_one_change_learns_what_expires_and_when_it_was_made(town: Town) -> None:
    town.post(town.award_of(town.member_ids[0], 10, expires_on=date(2030, 1, 31)))

    def try_it() -> Change:
        """Held, and let go again."""
        change(town, of_wallet(town, 0, held=1))
        own = of_wallet(town, 0, held=-1)
        change(town, own)
        return own

    before = clock.now()
    own = try_it()
    assert own.dated == 10
    if is_postgresql():
        assert own.at is not None
        assert abs(own.at - before) < timedelta(minutes=1)
        assert balances.after_the_locks([own, Change(own.key)]) == own.at
    else:
        assert own.at is None
    with clock.set_to(before):
        own = try_it()
        assert (own.at, balances.after_the_locks([own])) == (None, before)


def test_locks_are_asked_for_wallets_debts_and_hours_and_for_no_slot(town: Town) -> None:
    keys = [hours_of(town.member_ids[0]), town.fund, debt_of(town.member_ids[1]), wallet_of(town.member_ids[0])]
    asked: list[object] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        if statement.startswith("SELECT balances.account_id"):
            values = parameters.values() if isinstance(parameters, dict) else parameters
            asked.append([str(value).replace("-", "") for value in values])  # type: ignore[attr-defined]

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        atomic(balances.lock_in_order)(town.id, keys)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert asked == [[town.id.hex, key.id_in(town.id).hex] for key in (keys[3], keys[2], keys[0])]


# --- what is read -----------------------------------------------------------------------------------------------


def test_debts_are_those_of_the_members_who_have_one(town: Town) -> None:
    owing, other, paid = town.member_ids[0], town.member_ids[1], town.member()
    for member_id, left in ((owing, 2), (other, 6), (paid, 9)):
        stamp = town.award(member_id, 9)
        if member_id != paid:
            town.spend(member_id, 9 - left)
            town.undo(stamp)
    stranger = open_town(members=1)
    assert atomic(balances.debts)(town.id, [owing, paid]) == {owing: 7}
    assert atomic(balances.debts)(town.id, [owing, other]) == {owing: 7, other: 3}
    assert atomic(balances.debts)(town.id, []) == {}
    assert atomic(balances.debts)(stranger.id, [owing]) == {}
    town.award(other, 1)
    assert atomic(balances.debts)(town.id, [other]) == {other: 2}


def test_figures_count_what_merged_members_earned_and_spent_and_nothing_else_of_theirs(town: Town) -> None:
    one, two = town.member_ids
    town.award(one, 10)
    town.spend(one, 4)
    town.award(two, 7)
    town.spend(two, 2)
    town.post(town.hours_of(two, 30))
    alone = town.of(one)
    both = atomic(balances.member_balance)(town.id, one, aliases=[two])
    assert (both.lifetime_earned, both.lifetime_spent) == (17, 6)
    assert (both.posted, both.available, both.minutes) == (alone.posted, alone.available, 0) == (6, 6, 0)


def test_points_are_good_on_their_last_day_and_not_on_the_next(town: Town) -> None:
    """Now and at a past moment alike."""
    member_id = town.member_ids[0]
    day = clock.today() + timedelta(days=60)
    last = (Expiring(day, 10),)
    with clock.set_to(clock.start_of_day(clock.today()) + timedelta(hours=12)):
        town.post(town.award_of(member_id, 10, expires_on=day))
        assert town.of(member_id).expiring == last
        for moment, available, expiring in (
            (clock.start_of_day(day) + timedelta(hours=12), 10, last),
            (clock.start_of_day(day + timedelta(days=1)), 0, ()),
        ):
            clock.move_to(moment)
            for at in (None, moment):
                found = atomic(balances.member_balance)(town.id, member_id, at=at)
                assert (found.posted, found.available, found.expiring) == (10, available, expiring), (moment, at)


def test_what_is_held_counts_up_to_its_moment_and_only_the_members_own(town: Town) -> None:
    one, two = town.member_ids
    town.award(one, 10)
    town.award(two, 10)
    with clock.set_to(clock.now()):
        town.hold(wallet_of(two), 5, seconds=60)
        hold = town.hold(wallet_of(one), 4, seconds=60)
        town.hold(wallet_of(one), 1, seconds=600)
        clock.move_to(hold.expires_at - timedelta(microseconds=1))
        assert (town.of(one).held, town.of(one).available) == (5, 5)
        clock.move_to(hold.expires_at)
        assert (town.of(one).held, town.of(one).available, town.of(two).held) == (1, 9, 0)
        at = atomic(balances.member_balance)(town.id, one, at=hold.expires_at)
        before = atomic(balances.member_balance)(town.id, one, at=hold.created_at)
        assert (at.held, before.held, before.available) == (1, 5, 5)
        for_nobody = atomic(balances.member_balance)(town.id, town.member(), at=clock.now())
        assert (for_nobody.held, for_nobody.posted) == (0, 0)


def test_an_accounts_balance_now_and_then_stored_or_not(town: Town) -> None:
    stranger = open_town(members=1)
    stranger.award(stranger.member_ids[0], 99)
    noon = clock.start_of_day(clock.today()) - timedelta(hours=12)
    with clock.set_to(noon):
        town.award(town.member_ids[0], 10)
        town.award(town.member_ids[1], 1)
        clock.advance(hours=1)
        town.spend(town.member_ids[0], 4)
        read = atomic(balances.account_balance)
        for key, now, then in (
            (wallet_of(town.member_ids[0]), 6, 10),
            (town.shop, 4, 0),
            (issuance_of(town.id), -11, -11),
            (issuance_of(town.id, Unit.MINUTES), 0, 0),
        ):
            assert (read(town.id, key), read(town.id, key, at=noon)) == (now, then), key
        with pytest.raises(MomentInFuture):
            read(town.id, town.shop, at=clock.now() + timedelta(microseconds=1))


def test_a_hold_of_another_wallet_is_not_overdue_here(town: Town) -> None:
    """By whichever wallet's holds are read: the community's are many."""
    one, two = town.member_ids
    town.award(one, 5)
    town.award(two, 5)
    with clock.set_to(clock.now()):
        town.hold(wallet_of(two), 5, seconds=1)
        clock.advance(seconds=2)
        assert (town.of(one).held, town.of(one).available) == (0, 5)
        assert db.session.query(Hold).filter(Hold.state == "placed").count() == 1
