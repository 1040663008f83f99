"""Points that expire and are taken back: own cohort first, what has expired counts as taken; the past is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book.accounts import wallet_of
from ledger.book.balances import member_balance
from ledger.book.codes import Code
from ledger.book.cohorts import Expiring
from ledger.book.dating import last_day
from ledger.book.models import Transfer
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from tests.ledger.book.expiring import (
    MARCH_31,
    decide,
    expired,
    member,
    on,
    run_clock,
    schedule,
    spend,
    town,
)
from tests.ledger.book.town import Town, at_once, evidence

__all__ = ["member", "town"]


# --- taking awards back -------------------------------------------------------------------------------------------


def test_an_undone_award_is_taken_from_its_own_points_first(town: Town, member: UUID) -> None:
    town.award(member, 5)
    decide(town, 6)
    late = town.award(member, 5)
    town.undo(late)
    assert schedule(town, member) == [(MARCH_31, 5)]


def test_what_of_an_undone_award_has_expired_counts_as_taken(town: Town, member: UUID) -> None:
    stamp = town.award(member, 10)
    spend(town, member, 4)
    on(4, 1)
    run_clock(town)
    town.award(member, 3)
    town.undo(stamp)
    figures = town.of(member)
    assert (figures.posted, figures.debt, expired(town)) == (0, 1, 0)
    assert (figures.lifetime_earned, figures.lifetime_spent) == (3, 4)


def test_what_is_restored_and_taken_back_says_of_which_award_for_whom_and_until_when(town: Town, member: UUID) -> None:
    """Both are evidence of one undoing: expired points come back with their date, only to be taken with the rest."""
    elder, source = new_id(), evidence("stamp")
    town.post(town.award_of(member, 10, source=source, on_behalf_of=elder))
    award = db.session.scalars(select(Transfer).where(Transfer.code == Code.AWARD)).one()
    spend(town, member, 4)
    on(4, 1)
    run_clock(town)
    expiry = db.session.scalars(select(Transfer).where(Transfer.code == Code.EXPIRE)).one()
    town.award(member, 3)
    town.undo(source.id)
    undone = {
        (row.code, row.amount, row.reverses_id, row.expires_on, row.on_behalf_of, row.part)
        for row in db.session.scalars(select(Transfer).where(Transfer.source_type == "undo"))
    }
    back = {(Code.RESTORE, 6, expiry.id, MARCH_31, elder, 0)}
    assert back < undone
    taken = [row for row in undone if row not in back]
    assert {row[2] for row in taken} == {award.id}
    assert {row[4] for row in taken} == {elder}
    assert sum(row[1] for row in taken) == 10
    assert len({row[5] for row in taken}) == len(taken)


def test_expired_points_count_for_one_undone_award_only(town: Town, member: UUID) -> None:
    first, second = town.award(member, 10), town.award(member, 10)
    spend(town, member, 8)
    on(4, 1)
    run_clock(town)
    town.undo(first, second)
    assert (town.of(member).posted, town.of(member).debt, expired(town)) == (0, 8, 0)


def test_an_overdue_award_that_waits_for_its_expiry_is_taken_back(town: Town, member: UUID) -> None:
    stamp = town.award(member, 10)
    on(4, 1)
    town.undo(stamp)
    run_clock(town)
    assert (town.of(member).posted, town.of(member).debt, expired(town)) == (0, 0, 0)


def test_overdue_points_of_others_awards_are_left_to_expire(town: Town, member: UUID) -> None:
    town.award(member, 10)
    decide(town, None)
    stamp = town.award(member, 5)
    spend_after = town.hold(wallet_of(member), 12)
    town.post(town.spending_of(member, 12, hold=spend_after))
    on(4, 1)
    town.undo(stamp)
    assert (town.of(member).posted, town.of(member).debt) == (0, 2)


def test_an_award_repays_debt_with_what_expires_first(town: Town, member: UUID) -> None:
    stamp = town.award(member, 10)
    spend(town, member, 10)
    town.undo(stamp)
    decide(town, 6)
    town.award(member, 14)
    assert (schedule(town, member), town.of(member).debt) == ([(date(2026, 7, 31), 4)], 0)


def test_undone_and_stamped_again_the_points_have_a_new_date(town: Town, member: UUID) -> None:
    for month in (1, 2, 3):
        on(month, 12)
        stamp = town.award(member, 10)
        town.undo(stamp)
    town.award(member, 10)
    assert schedule(town, member) == [(date(2026, 5, 31), 10)]
    assert (town.of(member).debt, town.of(member).lifetime_earned) == (0, 10)


def test_32_spendings_at_once_draw_no_point_twice(context: Flask, town: Town, member: UUID) -> None:
    town.award(member, 6)
    decide(town, 6)
    town.award(member, 4)
    results = at_once(context, [lambda: town.spend(member, 1)] * 16)
    assert sum(result is None for result in results) == 10
    assert schedule(town, member) == []


def test_the_schedule_of_a_past_moment_is_told(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(1, 20)
    hold = town.hold(wallet_of(member), 3)
    on(1, 25)
    town.void(hold)
    spend(town, member, 4)
    at = {day: atomic(member_balance)(town.id, member, at=datetime(2026, 1, day, 5, tzinfo=UTC)) for day in (12, 20)}
    assert at[12].expiring == (Expiring(MARCH_31, 10),)
    assert at[20].expiring == (Expiring(MARCH_31, 7),)
    assert town.of(member).expiring == (Expiring(MARCH_31, 6),)


def test_what_is_recorded_on_a_day_is_dated_and_drawn_on_that_day(town: Town, member: UUID) -> None:
    """Midnight between the steps of one posting must not split it: the moment is read once, under the lock."""
    seen: list[datetime] = []

    def later_each_time() -> datetime:
        seen.append(datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC) + timedelta(seconds=len(seen)))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", later_each_time)
        town.award(member, 10)
    award = db.session.scalars(select(Transfer).where(Transfer.code == Code.AWARD)).one()
    assert award.expires_on == last_day(2, clock.local_day(award.recorded_at))


def test_points_that_wait_for_their_expiry_were_not_available_at_a_past_moment(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(4, 1)
    noon = clock.now()
    on(4, 2)
    run_clock(town)
    then = atomic(member_balance)(town.id, member, at=noon)
    assert (then.posted, then.available, then.expiring) == (10, 0, ())
