"""Accounts joined, handed over and taken apart: every point with its date, debt and minutes, and what is told of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ledger.book import merging
from ledger.book.accounts import wallet_of
from ledger.book.cohorts import Expiring
from ledger.book.errors import OpenHolds
from ledger.book.merging import Holding, Merged
from ledger.book.models import Hold
from ledger.book.transfers import post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from tests.ledger.book.expiring import decide, member, on, run_clock, schedule, spend, town
from tests.ledger.book.town import Town, evidence

__all__ = ["member", "town"]

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


@pytest.fixture
def other(town: Town) -> UUID:
    return town.member_ids[1]


def earn(town: Town, member: UUID) -> None:
    """Ten until March, four until April, five for ever, and half an hour."""
    town.award(member, 10)
    on(2, 5)
    town.award(member, 4)
    decide(town, None)
    town.award(member, 5)
    town.post(town.hours_of(member, 30))


def owe(town: Town, member: UUID, points: int, *, left: int = 0) -> None:
    """So much is owed, while so much is there: it was set aside when the award was taken back."""
    stamp = town.award(member, points)
    if left:
        hold = town.hold(wallet_of(member), points)
        town.undo(stamp)
        town.void(hold)
        spend(town, member, points - left)
    else:
        spend(town, member, points)
        town.undo(stamp)


def join(town: Town, goes: UUID, stays: UUID) -> tuple[Merged, Holding]:
    source = evidence("merge")
    moved = atomic(merging.join_accounts)(town.actor, goes, stays, source=source)
    return Merged(source.type, source.id, clock.now()), moved


def split(town: Town, goes: UUID, stays: UUID, merge: Merged) -> Holding:
    return atomic(merging.split_accounts)(town.actor, goes, stays, merge=merge, source=evidence("split"))


def test_what_is_joined_keeps_its_dates_and_is_told(town: Town, member: UUID, other: UUID) -> None:
    earn(town, member)
    merge, moved = join(town, member, other)
    assert moved == Holding(points=19, debt=0, minutes=30)
    assert schedule(town, other) == [Expiring(MARCH, 10), Expiring(APRIL, 4)]
    figures = town.of(other)
    assert (figures.posted, figures.debt, figures.minutes) == (19, 0, 30)
    gone = town.of(member)
    assert (gone.posted, gone.debt, gone.minutes, gone.expiring) == (0, 0, 0, ())
    assert split(town, member, other, merge) == Holding(points=19, debt=0, minutes=30)
    assert (town.of(member).posted, town.of(member).minutes, schedule(town, other)) == (19, 30, [])


def test_who_has_something_set_aside_is_not_joined_nor_handed_over(town: Town, member: UUID, other: UUID) -> None:
    town.award(member, 10)
    town.hold(wallet_of(member), 4)
    for call in (merging.join_accounts, merging.hand_over_points):
        with pytest.raises(OpenHolds) as refused:
            atomic(call)(town.actor, member, other, source=evidence("merge"))
        assert refused.value.facts == {"held": 4}
    assert (town.of(member).held, town.of(other).posted) == (4, 0)


@pytest.mark.parametrize("verb", ["join", "hand over", "split"])
def test_a_hold_whose_time_is_over_stands_in_no_way(town: Town, member: UUID, other: UUID, verb: str) -> None:
    """Of whoever gives; another's in the same town is not ended on the way."""
    beside = town.member()
    for one in (member, beside):
        town.award(one, 10)
    merge, _ = join(town, member, other) if verb == "split" else (None, None)
    its_own = town.hold(wallet_of(other if merge else member), 4, seconds=60)
    anothers = town.hold(wallet_of(beside), 4, seconds=60)
    clock.advance(seconds=61)
    if merge:
        split(town, member, other, merge)
    elif verb == "join":
        join(town, member, other)
    else:
        atomic(merging.hand_over_points)(town.actor, member, other, source=evidence("death"))
    db.session.remove()
    states = {row.id: row.state for row in db.session.query(Hold)}
    assert (states[its_own.id], states[anothers.id]) == ("expired", "placed")


def test_an_heir_gets_the_points_with_their_dates_and_nothing_else(town: Town, member: UUID, other: UUID) -> None:
    earn(town, member)
    arrived = atomic(merging.hand_over_points)(town.actor, member, other, source=evidence("death"))
    assert (arrived, town.of(other).posted, town.of(other).minutes, town.of(member).minutes) == (19, 19, 0, 30)
    assert schedule(town, other) == [Expiring(MARCH, 10), Expiring(APRIL, 4)]


def test_before_an_heir_gets_points_what_is_owed_is_paid_from_them(town: Town, member: UUID, other: UUID) -> None:
    """First from what expires first."""
    town.award(member, 10)
    on(2, 5)
    stamp = town.award(member, 8)
    hold = town.hold(wallet_of(member), 18)
    town.undo(stamp)
    town.void(hold)
    assert (town.of(member).posted, town.of(member).debt) == (18, 8)
    assert atomic(merging.hand_over_points)(town.actor, member, other, source=evidence("death")) == 10
    assert schedule(town, other) == [Expiring(MARCH, 2), Expiring(APRIL, 8)]
    assert (town.of(member).posted, town.of(member).debt, town.of(other).debt) == (0, 0, 0)


@pytest.mark.parametrize(("left", "still_owed"), [(5, 3), (0, 8)])
def test_what_is_owed_beyond_the_points_stays_owed(
    town: Town, member: UUID, other: UUID, left: int, still_owed: int
) -> None:
    owe(town, member, 8, left=left)
    assert atomic(merging.hand_over_points)(town.actor, member, other, source=evidence("death")) == 0
    assert (town.of(member).posted, town.of(member).debt, town.of(other).posted) == (0, still_owed, 0)


def test_what_expired_meanwhile_is_not_given_back_and_what_was_used_is_a_debt(
    town: Town, member: UUID, other: UUID
) -> None:
    earn(town, member)
    merge, _ = join(town, member, other)
    on(4, 1)
    run_clock(town)
    assert town.of(other).posted == 9
    spend(town, other, 7)
    assert split(town, member, other, merge) == Holding(points=9, debt=0, minutes=30)
    assert (town.of(member).posted, schedule(town, member)) == (9, [Expiring(APRIL, 4)])
    assert (town.of(other).posted, town.of(other).debt) == (0, 7)


def test_what_comes_back_comes_from_the_same_date_then_from_others(town: Town, member: UUID, other: UUID) -> None:
    """The other had points of its own: what it has used of the merged ones is made up by them, with the old dates."""
    town.award(member, 10)
    merge, _ = join(town, member, other)
    spend(town, other, 4)
    on(2, 5)
    town.award(other, 6)
    assert split(town, member, other, merge).points == 10
    assert schedule(town, member) == [Expiring(MARCH, 10)]
    assert (schedule(town, other), town.of(other).debt) == ([Expiring(APRIL, 2)], 0)


def test_on_their_last_day_points_still_come_back_from_others(town: Town, member: UUID, other: UUID) -> None:
    town.award(member, 10)
    merge, _ = join(town, member, other)
    spend(town, other, 10)
    town.award(other, 3)
    on(3, 31)
    assert split(town, member, other, merge).points == 10
    assert (town.of(member).posted, town.of(other).posted, town.of(other).debt) == (10, 0, 7)


def test_a_debt_that_the_other_repaid_comes_back_to_it_as_points(town: Town, member: UUID, other: UUID) -> None:
    owe(town, member, 8)
    merge, moved = join(town, member, other)
    assert moved == Holding(points=0, debt=8, minutes=0)
    town.award(other, 5)
    assert (town.of(other).posted, town.of(other).debt) == (0, 3)
    assert split(town, member, other, merge) == Holding(points=0, debt=8, minutes=0)
    assert (town.of(member).debt, town.of(other).debt, town.of(other).posted) == (8, 0, 5)


def test_what_is_read_is_what_stands_there_now(town: Town, member: UUID) -> None:
    """Also where the session has read it before."""
    earn(town, member)

    @atomic
    def twice() -> tuple[Holding, Holding]:
        first = merging.holding_of(town.id, member)
        post_transfers(town.actor, [town.spending_of(member, 9)])
        return first, merging.holding_of(town.id, member)

    assert twice() == (Holding(19, 0, 30), Holding(10, 0, 30))
    town.hold(wallet_of(member), 2)
    assert merging.holding_of(town.id, member) == Holding(10, 0, 30, held=2)
