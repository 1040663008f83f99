"""Arriving and leaving: nobody plausible is refused, what cannot be is, and the minutes are exact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ledger.core.db import db
from ledger.core.tenancy import load
from ledger.service.errors import (
    ActivityTooFar,
    DuplicateCheckin,
    NoOpenVisit,
    Overlap,
)
from ledger.service.evidence import Review
from ledger.service.models import Checkin, CheckinState, Decision, Evidence, NoteCategory
from ledger.service.stamps import stamp_checkins
from ledger.service.visit_notes import VisitNote, note_of
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day

OPENING = NINE - timedelta(minutes=15)
GRACE = ELEVEN + timedelta(minutes=30)


def fresh(visit: Checkin) -> Checkin:
    db.session.expire_all()
    return load(visit.community_id, Checkin, visit.id)


# --- the nine boundaries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived_at", "reasons", "minutes"),
    [
        pytest.param(OPENING - SECOND, [Review.BEFORE_OPENING], 120, id="a second before the door opens"),
        pytest.param(OPENING, [], 120, id="when the door opens"),
        pytest.param(NINE - SECOND, [], 120, id="a second before the start"),
        pytest.param(NINE, [], 120, id="at the start"),
        pytest.param(NINE + SECOND, [], 119, id="a second after the start"),
        pytest.param(ELEVEN - SECOND, [], 0, id="a second before the end"),
        pytest.param(ELEVEN, [Review.AFTER_END], 0, id="at the end"),
    ],
)
def test_the_door_opens_before_the_start_and_closes_at_the_end(day: Day, arrived_at, reasons, minutes):
    person = day.place.volunteer()
    assert day.arrive(person, arrived_at).reasons == reasons
    assert day.leave(person, max(arrived_at, ELEVEN)).minutes == minutes


@pytest.mark.parametrize(
    ("left_at", "reasons"),
    [
        pytest.param(GRACE, [], id="when the grace ends"),
        pytest.param(GRACE + SECOND, [Review.LEFT_AFTER_GRACE], id="a second after the grace"),
    ],
)
def test_check_out_is_possible_until_the_grace_is_over(day: Day, left_at, reasons):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(person, left_at)
    assert (visit.reasons, visit.minutes) == (reasons, 120)


def test_leaving_early_counts_until_then(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    assert day.leave(person, NINE + timedelta(minutes=47, seconds=59)).minutes == 47


# --- what a visit is ----------------------------------------------------------------------------------------------


def test_a_visit_is_open_then_pending(day: Day):
    person = day.place.volunteer()
    arrived = day.arrive(person, NINE)
    assert (arrived.state, arrived.minutes) == (CheckinState.OPEN, None)
    left = day.leave(person, ELEVEN)
    assert (left.id, fresh(left).state, fresh(left).minutes) == (arrived.id, CheckinState.PENDING, 120)


def test_a_note_of_the_visit_is_kept(day: Day):
    note = VisitNote(NoteCategory.ELDERS, "修灯", "周三")
    assert note_of(fresh(day.arrive(day.place.volunteer(), NINE, note=note))) == note


def test_checking_in_twice_is_refused(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    with pytest.raises(DuplicateCheckin):
        day.arrive(person, NINE + timedelta(minutes=1))


def test_a_finished_visit_is_not_begun_again(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(DuplicateCheckin):
        day.arrive(person)


@pytest.mark.parametrize("decision", [Decision.RETURN, Decision.VOID])
def test_after_a_return_or_a_void_the_member_may_check_in_again(day: Day, decision):
    person = day.place.volunteer()
    visit = day.served(person)
    stamp_checkins(day.place.stamper.actor, [visit.id], decision=decision)
    assert day.arrive(person).visit == 2


def test_leaving_without_having_come_is_refused(day: Day):
    with pytest.raises(NoOpenVisit):
        day.leave(day.place.volunteer(), ELEVEN)


def test_leaving_twice_is_refused(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(NoOpenVisit):
        day.leave(person)


def test_leaving_before_arriving_is_a_clock_that_is_off(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(person, NINE + timedelta(minutes=5), happened_at=NINE - timedelta(minutes=5))
    assert (visit.minutes, visit.evidence, visit.reasons) == (0, Evidence.LATER, [Review.CLOCK_OFF])


@pytest.mark.parametrize("away", [timedelta(hours=-12), timedelta(hours=14)])
def test_twelve_hours_away_is_near_enough(day: Day, away):
    assert day.arrive(day.place.volunteer(), NINE + away)


@pytest.mark.parametrize("away", [timedelta(hours=-12) - SECOND, timedelta(hours=14) + SECOND])
def test_more_than_twelve_hours_away_is_refused(day: Day, away):
    with pytest.raises(ActivityTooFar):
        day.arrive(day.place.volunteer(), NINE + away)


def test_a_visit_that_has_not_happened_yet_is_refused(day: Day):
    with pytest.raises(ActivityTooFar):
        day.arrive(day.place.volunteer(), NINE - timedelta(hours=13), happened_at=NINE)


# --- two places ---------------------------------------------------------------------------------------------------


def test_entering_the_next_place_closes_the_visit_before(day: Day):
    person, next_place = day.place.volunteer(), day.another_activity()
    first = day.arrive(person, NINE)
    second = day.arrive(person, NINE + timedelta(minutes=30), to=next_place)
    assert (fresh(first).state, fresh(first).minutes) == (CheckinState.PENDING, 30)
    assert fresh(first).reasons == [Review.CLOSED_BY_NEXT]
    assert fresh(second).state == CheckinState.OPEN


def test_a_visit_inside_another_is_refused(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE + timedelta(minutes=30), to=other)


@pytest.mark.parametrize("moment", [NINE - timedelta(minutes=1), ELEVEN])
def test_a_visit_beside_another_is_none_of_its_business(day: Day, moment):
    person, other = day.place.volunteer(), day.another_activity()
    day.served(person)
    assert day.arrive(person, happened_at=moment, to=other)


def test_minutes_by_hand_that_meet_another_visit_are_refused(day: Day):
    person, other = day.place.volunteer(), day.another_activity(starts_at=NINE - timedelta(hours=2))
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE - timedelta(hours=1), minutes=61, to=other)
    assert day.arrive(person, happened_at=NINE - timedelta(hours=1), minutes=60, to=other)


def test_a_visit_sent_later_ends_where_the_next_one_began(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    earlier = day.arrive(person, happened_at=NINE, to=other)
    assert (earlier.state, earlier.minutes) == (CheckinState.PENDING, 40)
    assert Review.CLOSED_BY_NEXT in earlier.reasons


def test_the_real_check_out_sent_later_makes_such_a_visit_shorter(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    day.arrive(person, happened_at=NINE, to=other)
    visit = day.leave(person, happened_at=NINE + timedelta(minutes=20), to=other)
    assert (visit.minutes, Review.CLOSED_BY_NEXT in visit.reasons) == (20, False)


def test_the_real_check_out_never_makes_such_a_visit_longer(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    day.arrive(person, happened_at=NINE, to=other)
    assert day.leave(person, happened_at=NINE + timedelta(minutes=50), to=other).minutes == 40


def test_an_old_visit_sent_after_a_new_one_does_not_stay_open(day: Day):
    person = day.place.volunteer()
    tomorrow = day.another_activity(starts_at=NINE + timedelta(days=1), ends_at=ELEVEN + timedelta(days=1))
    day.arrive(person, NINE + timedelta(days=1), to=tomorrow)
    visit = day.arrive(person, happened_at=NINE)
    assert (visit.state, visit.minutes, Review.CLOSED_BY_RULE in visit.reasons) == (CheckinState.PENDING, 120, True)


def test_a_refused_check_in_leaves_nothing_behind(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE, to=day.another_activity())
    assert db.session.scalar(select(func.count()).select_from(Checkin)) == 1
