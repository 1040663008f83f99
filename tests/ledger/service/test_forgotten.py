"""Forgotten check-outs are closed by rule, and the real one may still arrive."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.tenancy import load
from ledger.service.checkins import Via
from ledger.service.codes import read_scan
from ledger.service.evidence import Review
from ledger.service.forgotten import close_forgotten
from ledger.service.models import Checkin, CheckinState, GrantUse
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day

GRACE = ELEVEN + timedelta(minutes=30)


def fresh(visit: Checkin) -> Checkin:
    db.session.expire_all()
    return load(visit.community_id, Checkin, visit.id)


def test_a_forgotten_check_out_counts_until_the_end_and_is_listed(day: Day):
    visit = day.arrive(day.place.volunteer(), NINE + timedelta(minutes=30))
    clock.move_to(GRACE + SECOND)
    assert close_forgotten(day.place.system) == 1
    closed = fresh(visit)
    assert (closed.state, closed.left_at, closed.minutes, closed.reasons) == (
        CheckinState.PENDING,
        ELEVEN,
        90,
        [Review.CLOSED_BY_RULE],
    )


def test_nobody_is_closed_while_the_grace_lasts(day: Day):
    visit = day.arrive(day.place.volunteer(), NINE)
    clock.move_to(GRACE)
    assert close_forgotten(day.place.system) == 0
    assert fresh(visit).state == CheckinState.OPEN


def test_who_came_after_the_end_is_closed_with_nothing(day: Day):
    visit = day.arrive(day.place.volunteer(), ELEVEN + timedelta(minutes=10))
    clock.move_to(GRACE + SECOND)
    close_forgotten(day.place.system)
    assert (fresh(visit).minutes, fresh(visit).left_at) == (0, visit.arrived_at)


def test_the_clock_closes_forgotten_visits_every_hour(day: Day):
    first, second = day.place.volunteer(), day.place.volunteer("王强")
    visits = [day.arrive(first, NINE), day.arrive(second, NINE)]
    for moment in (GRACE + SECOND, GRACE + timedelta(hours=1)):
        clock.move_to(moment)
        jobs.tick([day.place.id])
    assert {fresh(visit).state for visit in visits} == {CheckinState.PENDING}


def test_the_real_check_out_sent_later_replaces_the_rule(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    clock.move_to(GRACE + SECOND)
    close_forgotten(day.place.system)
    visit = day.leave(person, happened_at=NINE + timedelta(hours=1))
    assert (visit.minutes, Review.CLOSED_BY_RULE in visit.reasons) == (60, False)


def test_entering_the_next_place_later_corrects_the_rule(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    visit = day.arrive(person, NINE)
    clock.move_to(GRACE + SECOND)
    close_forgotten(day.place.system)
    day.arrive(person, happened_at=NINE + timedelta(hours=1), to=other)
    assert (fresh(visit).minutes, fresh(visit).reasons) == (60, [Review.CLOSED_BY_NEXT])


def test_who_used_a_scan_is_forgotten(day: Day):
    clock.move_to(NINE)
    grant = read_scan(day.activity.poster_code, nonce="browser").grant
    day.arrive(day.place.volunteer(), via=Via(grant=grant))
    jobs.tick([day.place.id])
    assert db.session.scalar(select(func.count()).select_from(GrantUse)) == 1
    clock.advance(hours=2)
    jobs.tick([day.place.id])
    assert db.session.scalar(select(func.count()).select_from(GrantUse)) == 0
