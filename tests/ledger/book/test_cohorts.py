"""Cohorts by themselves: what a purse gives first, and what was left of each date at any past moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.book import cohorts
from ledger.book.accounts import wallet_of
from ledger.book.cohorts import Expiring, Purse
from ledger.book.errors import InsufficientPoints
from ledger.book.models import Balance, Cohort, Draw, Hold
from ledger.core import clock
from ledger.core.db import atomic, db
from tests.ledger.book.expiring import MARCH_31, decide, member, on, schedule, spend, town
from tests.ledger.book.town import Town, open_town

__all__ = ["member", "town"]

MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)
A_MOMENT = timedelta(microseconds=1)


# --- a purse ----------------------------------------------------------------------------------------------------


def purse(available: int = 20) -> Purse:
    return Purse(available, {APRIL: 5, MARCH: 4, MAY: 6})


@pytest.mark.parametrize(("day", "spendable"), [(MARCH, 20), (date(2026, 4, 1), 16), (MAY, 11), (date(2026, 6, 1), 5)])
def test_points_can_be_spent_through_their_day(day: date, spendable: int) -> None:
    assert purse().spendable(day) == spendable


@pytest.mark.parametrize(
    ("amount", "drawn", "left"),
    [
        (3, {MARCH: 3}, {MARCH: 1, APRIL: 5, MAY: 6}),
        (4, {MARCH: 4}, {MARCH: 0, APRIL: 5, MAY: 6}),
        (10, {MARCH: 4, APRIL: 5, MAY: 1}, {MARCH: 0, APRIL: 0, MAY: 5}),
        (20, {MARCH: 4, APRIL: 5, MAY: 6}, {MARCH: 0, APRIL: 0, MAY: 0}),
    ],
)
def test_the_first_to_expire_goes_first_and_what_never_expires_last(
    amount: int, drawn: dict[date, int], left: dict[date, int]
) -> None:
    one = purse()
    assert (one.draw(amount, day=MARCH), one.left, one.available) == (drawn, left, 20 - amount)


def test_what_has_passed_is_not_drawn_unless_it_is_named() -> None:
    one = purse()
    assert one.draw(6, day=APRIL, first=[MAY, None]) == {MAY: 6}
    assert one.draw(5, day=APRIL, first=[None]) == {}
    assert one.draw(2, day=APRIL, first=[MARCH]) == {MARCH: 2}
    assert one.draw(5, day=APRIL) == {APRIL: 5}
    with pytest.raises(InsufficientPoints) as short:
        one.draw(1, day=APRIL)
    assert short.value.facts == {"needed": 1, "available": 0}
    with pytest.raises(InsufficientPoints) as short:
        purse().draw(17, day=APRIL)
    assert short.value.facts == {"needed": 17, "available": 16}


# --- what was left ----------------------------------------------------------------------------------------------


def left(town: Town, member_id: UUID, moment: datetime) -> list[tuple[date, int]]:
    return [tuple(one) for one in cohorts.left_at(town.id, wallet_of(member_id).id_in(town.id), moment)]  # type: ignore[misc]


def test_what_was_left_at_every_moment_of_a_wallets_life(town: Town, member: UUID) -> None:
    """Earned, spent, held and let go, each from its own moment on; another wallet and another town do the same."""
    others = [(town, town.member_ids[1]), (open_town(members=1), None)]
    decide(others[1][0], 2)
    moments: list[tuple[datetime, list[tuple[date, int]]]] = [(clock.now() - A_MOMENT, [])]

    def now_left(*dated: tuple[date, int]) -> None:
        moments.append((clock.now(), list(dated)))
        clock.advance(hours=1)
        moments.append((clock.now() - A_MOMENT, list(dated)))
        for there, one in others:
            there.award(one or there.member_ids[0], 50)
        clock.advance(hours=1)

    town.award(member, 10)
    now_left((MARCH, 10))
    on(2, 5)
    town.award(member, 7)
    now_left((MARCH, 10), (APRIL, 7))
    spend(town, member, 4)
    now_left((MARCH, 6), (APRIL, 7))
    hold = town.hold(wallet_of(member), 8, seconds=10**6)
    now_left((APRIL, 5))
    for there, one in others:
        there.hold(wallet_of(one or there.member_ids[0]), 30)
    town.hold(wallet_of(member), 1, seconds=10**6)
    now_left((APRIL, 4))
    town.void(hold)
    now_left((MARCH, 6), (APRIL, 6))
    for moment, dated in moments:
        assert left(town, member, moment) == dated, moment


def test_what_passed_a_month_ago_is_not_looked_for(town: Town, member: UUID) -> None:
    """By then the clock has emptied it; of a cohort that is looked for all that was drawn counts."""
    town.award(member, 10)
    spend(town, member, 4)
    town.hold(wallet_of(member), 1, seconds=10**7)
    last = clock.start_of_day(MARCH_31 + timedelta(days=31)) - A_MOMENT
    clock.move_to(last)
    assert left(town, member, last) == [(MARCH, 5)]
    assert left(town, member, last + A_MOMENT) == []


# --- holds ------------------------------------------------------------------------------------------------------


def drawn() -> list[tuple[bool, bool, date, int]]:
    """Each draw, in the order of its day: of a transfer, of a hold, from which date, how much."""
    db.session.remove()
    rows = db.session.scalars(select(Draw).order_by(Draw.expires_on, Draw.amount))
    return [(row.transfer_id is not None, row.hold_id is not None, row.expires_on, row.amount) for row in rows]


def dated(town: Town, member: UUID) -> int | None:
    db.session.remove()
    return db.session.scalar(select(Balance.dated).where(Balance.account_id == wallet_of(member).id_in(town.id)))


def test_a_hold_that_is_posted_in_part_gives_back_the_last_to_expire(town: Town, member: UUID) -> None:
    town.award(member, 3)
    on(2, 5)
    town.award(member, 4)
    town.award(member, 2)
    hold = town.hold(wallet_of(member), 7)
    assert (hold.drawn, schedule(town, member), dated(town, member)) == (7, [Expiring(APRIL, 2)], 2)
    town.post(town.spending_of(member, 5, hold=hold))
    assert (schedule(town, member), dated(town, member)) == ([Expiring(APRIL, 4)], 4)
    assert (True, False, APRIL, 2) in drawn()
    assert (True, False, MARCH, 3) in drawn()


def test_what_a_posted_hold_does_not_cover_is_drawn_beside_it(town: Town, member: UUID) -> None:
    town.award(member, 3)
    on(2, 5)
    town.award(member, 9)
    hold = town.hold(wallet_of(member), 3)
    town.post(town.spending_of(member, 5, hold=hold))
    assert (schedule(town, member), dated(town, member), town.of(member).available) == ([Expiring(APRIL, 7)], 7, 7)
    exact = town.hold(wallet_of(member), 4)
    town.post(town.spending_of(member, 4, hold=exact))
    assert (schedule(town, member), town.of(member).available) == ([Expiring(APRIL, 3)], 3)


def test_what_never_expires_is_held_without_a_draw(town: Town, member: UUID) -> None:
    decide(town, None)
    town.award(member, 5)
    hold = town.hold(wallet_of(member), 5)
    assert (hold.drawn, drawn(), dated(town, member)) == (0, [], 0)
    town.void(hold)
    assert (town.of(member).available, db.session.query(Cohort).count(), db.session.query(Hold).count()) == (5, 0, 1)


def test_a_purse_is_read_with_what_is_left_and_of_its_own_wallet_only(town: Town, member: UUID) -> None:
    other = town.member_ids[1]
    town.award(member, 3)
    town.award(other, 8)
    spend(town, member, 3)
    decide(town, None)
    town.award(member, 6)
    town.hold(wallet_of(member), 2)
    one, two = (wallet_of(who).id_in(town.id) for who in (member, other))
    read = atomic(cohorts.read_purses)
    assert read(town.id, [one]) == {one: Purse(4, {})}
    assert read(town.id, [one, two]) == {one: Purse(4, {}), two: Purse(8, {MARCH: 8})}
    assert (read(town.id, []), read(open_town().id, [one])) == ({}, {})
