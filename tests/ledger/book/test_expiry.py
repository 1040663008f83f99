"""Points that expire: spent before the others, kept by holds over their day, given back with their dates."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book import expiry
from ledger.book.accounts import wallet_of
from ledger.book.codes import Code
from ledger.book.dating import last_day
from ledger.book.errors import InsufficientPoints, SamePolicy
from ledger.book.models import Draw, Transfer
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden
from ledger.core.tenancy import Actor, Grant, Role
from tests.ledger.book.expiring import (
    MARCH_31,
    admin_of,
    decide,
    expired,
    member,
    on,
    refund,
    run_clock,
    schedule,
    spend,
    told,
    town,
)
from tests.ledger.book.town import Town, at_once, open_town

__all__ = ["member", "town"]


# --- the date of what is earned -----------------------------------------------------------------------------------


def test_points_expire_at_the_end_of_the_month_that_lies_so_many_months_ahead() -> None:
    assert last_day(1, date(2026, 1, 31)) == date(2026, 2, 28)
    assert last_day(12, date(2027, 2, 1)) == date(2028, 2, 29)
    assert last_day(2, date(2026, 11, 30)) == date(2027, 1, 31)


def test_an_award_shows_when_it_expires(town: Town, member: UUID) -> None:
    town.award(member, 10)
    assert schedule(town, member) == [(MARCH_31, 10)]


def test_without_a_policy_points_never_expire_and_write_no_draws(context: Flask) -> None:
    town = open_town(members=1)
    town.award(town.member_ids[0], 10)
    spend(town, town.member_ids[0], 4)
    assert schedule(town, town.member_ids[0]) == []
    assert db.session.scalars(select(Draw)).all() == []


def test_a_late_award_counts_from_the_day_it_was_recorded(town: Town, member: UUID) -> None:
    town.post(town.award_of(member, 10, effective_at=clock.now() - timedelta(days=100)))
    assert schedule(town, member) == [(MARCH_31, 10)]


def test_a_new_policy_leaves_old_dates_as_they_are(town: Town, member: UUID) -> None:
    town.award(member, 1)
    decide(town, None)
    town.award(member, 2)
    decide(town, 1)
    town.award(member, 3)
    assert schedule(town, member) == [(date(2026, 2, 28), 3), (MARCH_31, 1)]
    assert town.of(member).posted == 6


def test_only_an_admin_decides_about_expiry(town: Town) -> None:
    with pytest.raises(Forbidden):
        expiry.set_policy(Actor(town.actor.person_id, community_id=town.id, grants=(Grant(Role.STAMPER),)), 6)


def test_the_same_decision_twice_is_refused(town: Town) -> None:
    with pytest.raises(SamePolicy):
        decide(town, 2)


# --- spending -----------------------------------------------------------------------------------------------------


def test_what_expires_first_is_spent_first(town: Town, member: UUID) -> None:
    decide(town, None)
    town.award(member, 5)
    decide(town, 6)
    town.award(member, 5)
    decide(town, 2)
    town.award(member, 5)
    spend(town, member, 7)
    assert schedule(town, member) == [(date(2026, 7, 31), 3)]
    assert town.of(member).available == 8


def test_points_can_be_spent_on_their_last_day_and_not_on_the_next(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(3, 31)
    spend(town, member, 4)
    on(4, 1)
    with pytest.raises(InsufficientPoints) as refusal:
        spend(town, member, 1)
    assert refusal.value.facts == {"needed": 1, "available": 0}
    with pytest.raises(InsufficientPoints):
        town.hold(wallet_of(member), 1)
    run_clock(town)
    assert (town.of(member).posted, expired(town)) == (0, 6)


def test_a_refused_hold_leaves_nothing_held(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(4, 1)
    with pytest.raises(InsufficientPoints):
        town.hold(wallet_of(member), 1)
    assert town.of(member).held == 0


def test_points_that_never_expire_stay_spendable_beside_overdue_ones(town: Town, member: UUID) -> None:
    town.award(member, 10)
    decide(town, None)
    town.award(member, 3)
    on(4, 1)
    with pytest.raises(InsufficientPoints):
        spend(town, member, 4)
    spend(town, member, 3)
    run_clock(town)
    assert (town.of(member).posted, expired(town)) == (0, 10)


def test_the_worked_example_that_net_spending_gets_wrong(town: Town, member: UUID) -> None:
    """A: 10 until June, B: 10 until December. Spend 6 in May; 4 expire; spend 6 in July; refund May's."""
    decide(town, 5)
    town.award(member, 10)
    decide(town, 11)
    town.award(member, 10)
    on(5, 15)
    may = spend(town, member, 6)
    on(7, 1)
    run_clock(town)
    assert (expired(town), schedule(town, member)) == (4, [(date(2026, 12, 31), 10)])
    spend(town, member, 6)
    refund(town, member, may, 6)
    assert schedule(town, member) == [(date(2026, 7, 31), 6), (date(2026, 12, 31), 4)]


# --- the clock's work ---------------------------------------------------------------------------------------------


def test_points_expire_once_however_often_the_clock_comes(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(4, 1)
    run_clock(town)
    run_clock(town)
    assert (town.of(member).posted, expired(town)) == (0, 10)
    assert told("points.expired") == [{"member_id": member.hex, "points": 10, "expires_on": "2026-03-31"}]


def test_two_clocks_at_once_expire_points_once(context: Flask, town: Town, member: UUID) -> None:
    town.award(member, 10)
    town.award(town.member_ids[1], 5)
    on(4, 1)
    assert at_once(context, [lambda: run_clock(town)] * 4) == [None] * 4
    assert expired(town) == 15


def test_more_wallets_than_one_batch_expire(town: Town) -> None:
    others = [town.member() for _ in range(7)]
    town.post(*(town.award_of(other, 2) for other in others))
    on(4, 1)
    while atomic(expiry.expire_some)(town.id, limit=3):
        pass
    assert expired(town) == 14


def test_a_member_is_told_thirty_days_before_and_only_once(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(2, 28)
    run_clock(town)
    assert told("points.expiring") == []
    for day in (1, 2):
        on(3, day)
        run_clock(town)
    assert told("points.expiring") == [{"member_id": member.hex, "points": 10, "expires_on": "2026-03-31"}]


def test_what_has_been_spent_is_not_told(town: Town, member: UUID) -> None:
    town.award(member, 10)
    spend(town, member, 10)
    on(3, 1)
    run_clock(town)
    assert told("points.expiring") == []


# --- holds over the date ------------------------------------------------------------------------------------------


def test_a_hold_keeps_its_points_over_their_day_and_can_be_posted(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(3, 31)
    hold = town.hold(wallet_of(member), 6, seconds=86_400)
    on(4, 1)
    clock.advance(hours=-2)
    run_clock(town)
    assert (town.of(member).held, expired(town)) == (6, 4)
    town.post(town.spending_of(member, 6, hold=hold))
    assert town.balance(town.shop) == 6


def test_what_a_voided_hold_gives_back_after_its_day_expires_next(town: Town, member: UUID) -> None:
    town.award(member, 10)
    on(3, 31)
    hold = town.hold(wallet_of(member), 6, seconds=86_400)
    on(4, 1)
    clock.advance(hours=-2)
    run_clock(town)
    town.void(hold)
    with pytest.raises(InsufficientPoints):
        spend(town, member, 1)
    on(4, 2)
    run_clock(town)
    assert (town.of(member).posted, expired(town)) == (0, 10)


def test_a_voided_hold_gives_back_its_own_draws(town: Town, member: UUID) -> None:
    town.award(member, 10)
    decide(town, 6)
    town.award(member, 10)
    town.void(town.hold(wallet_of(member), 12))
    assert schedule(town, member) == [(MARCH_31, 10), (date(2026, 7, 31), 10)]


def test_of_a_hold_posted_in_part_the_later_points_come_back(town: Town, member: UUID) -> None:
    town.award(member, 5)
    decide(town, 6)
    town.award(member, 10)
    hold = town.hold(wallet_of(member), 12)
    town.post(town.spending_of(member, 8, hold=hold))
    assert schedule(town, member) == [(date(2026, 7, 31), 7)]


# --- refunds ------------------------------------------------------------------------------------------------------


def test_a_refund_comes_back_with_its_old_date(town: Town, member: UUID) -> None:
    town.award(member, 10)
    refund(town, member, spend(town, member, 6), 6)
    assert schedule(town, member) == [(MARCH_31, 10)]


def test_a_refund_can_be_used_for_thirty_days_at_least(town: Town, member: UUID) -> None:
    town.award(member, 10)
    spending = spend(town, member, 10)
    on(3, 20)
    refund(town, member, spending, 10)
    assert schedule(town, member) == [(date(2026, 4, 19), 10)]
    on(4, 20)
    run_clock(town)
    assert expired(town) == 10


def test_of_a_part_refund_the_latest_expiring_comes_first_and_the_parts_add_up(town: Town, member: UUID) -> None:
    town.award(member, 4)
    decide(town, 6)
    town.award(member, 4)
    decide(town, None)
    town.award(member, 4)
    spending = spend(town, member, 12)
    refund(town, member, spending, 5)
    assert (schedule(town, member), town.of(member).posted) == ([(date(2026, 7, 31), 1)], 5)
    refund(town, member, spending, 5)
    assert schedule(town, member) == [(MARCH_31, 2), (date(2026, 7, 31), 4)]
    refund(town, member, spending, 2)
    assert (schedule(town, member), town.of(member).posted) == ([(MARCH_31, 4), (date(2026, 7, 31), 4)], 12)


def test_a_refund_in_pieces_is_one_refund_to_its_caller(town: Town, member: UUID) -> None:
    town.award(member, 4)
    decide(town, 6)
    town.award(member, 4)
    ids = refund(town, member, spend(town, member, 8), 8)
    pieces = db.session.scalars(select(Transfer).where(Transfer.code == Code.REFUND).order_by(Transfer.part)).all()
    assert [(piece.amount, piece.expires_on) for piece in pieces] == [(4, date(2026, 7, 31)), (4, MARCH_31)]
    assert ids == [pieces[0].id]


def test_a_refund_of_points_that_never_expire_has_no_date(town: Town, member: UUID) -> None:
    decide(town, None)
    town.award(member, 4)
    decide(town, 1)
    refund(town, member, spend(town, member, 4), 4)
    assert (schedule(town, member), town.of(member).posted) == ([], 4)


# --- figures ------------------------------------------------------------------------------------------------------


def test_whoever_sees_the_books_sees_what_expires_on_which_day(town: Town, member: UUID) -> None:
    """Of all wallets together, today included; not what has passed, nor what is spent, nor other communities."""
    town.award(member, 4)
    town.award(town.member_ids[1], 5)
    decide(town, 6)
    town.award(member, 6)
    spend(town, town.member_ids[1], 2)
    other = open_town(members=1)
    decide(other, 2)
    other.award(other.member_ids[0], 99)
    assert expiry.points_by_day(admin_of(town)) == [(MARCH_31, 7), (date(2026, 7, 31), 6)]
    on(3, 31)
    assert expiry.points_by_day(admin_of(town)) == [(MARCH_31, 7), (date(2026, 7, 31), 6)]
    on(4, 1)
    assert expiry.points_by_day(admin_of(town)) == [(date(2026, 7, 31), 6)]


def test_a_cohort_of_which_nothing_is_left_is_no_day(town: Town, member: UUID) -> None:
    town.award(member, 4)
    spend(town, member, 4)
    assert expiry.points_by_day(admin_of(town)) == []


def test_a_member_does_not_see_what_expires_of_others(town: Town, member: UUID) -> None:
    with pytest.raises(Forbidden):
        expiry.points_by_day(Actor(town.actor.person_id, community_id=town.id, member_id=member))
