"""Recurring activities: dates by day, week and month, and a series that is cancelled from a date on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden, WrongState
from ledger.core.tenancy import load
from ledger.service.activities import ActivityPlan, cancel_activity, list_activities
from ledger.service.errors import ActivityHasVisits, ActivityTimes, RepeatsNone, RepeatsTooLong
from ledger.service.models import Activity, ActivityState, SignUp, SignUpState
from ledger.service.series import Every, Repeats, cancel_from, dates_of, plan_series
from ledger.service.sign_ups import sign_up
from tests.ledger.service.day import ELEVEN, NINE, Day

FRIDAY = date(2026, 11, 20)
PLAN = ActivityPlan(name="周五茶话", place="驿站", starts_at=NINE, ends_at=ELEVEN)


def planned(day: Day, repeats: Repeats) -> list[Activity]:
    return plan_series(day.place.admin.actor, day.programme.id, unit_id=day.place.grid.id, plan=PLAN, repeats=repeats)


def test_each_date_is_an_activity_of_its_own_at_the_same_hour(day: Day):
    found = planned(day, Repeats(every=Every.WEEK, weekdays=frozenset({1, 5}), until=date(2026, 11, 30)))
    assert [clock.local_day(one.starts_at) for one in found] == [
        FRIDAY, date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 30),
    ]  # fmt: skip
    assert {one.starts_at.time() for one in found} == {NINE.time()}
    assert {one.ends_at - one.starts_at for one in found} == {ELEVEN - NINE}
    assert {one.series_id for one in found} == {found[0].id}
    assert len({one.poster_code for one in found}) == 4
    views = list_activities(day.place.volunteer().actor, series_id=found[0].id)
    assert [view.activity.id for view in views] == [one.id for one in reversed(found)]


def test_the_31st_falls_on_the_last_day_of_a_short_month(day: Day):
    repeats = Repeats(every=Every.MONTH, until=date(2027, 4, 30))
    assert dates_of(date(2026, 12, 31), repeats) == [
        date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30),
    ]  # fmt: skip


def test_a_series_has_at_most_a_hundred_dates_within_a_year(day: Day):
    assert len(dates_of(FRIDAY, Repeats(every=Every.DAY, until=FRIDAY + timedelta(days=99)))) == 100
    for too_long in (FRIDAY + timedelta(days=100), FRIDAY + timedelta(days=367)):
        with pytest.raises(RepeatsTooLong):
            planned(day, Repeats(every=Every.DAY, until=too_long))
    with pytest.raises(RepeatsNone):
        planned(day, Repeats(every=Every.WEEK, weekdays=frozenset({4}), until=FRIDAY + timedelta(days=5)))
    with pytest.raises(ActivityTimes):
        plan_series(
            day.place.admin.actor, day.programme.id, unit_id=day.place.grid.id,
            plan=ActivityPlan(name="反了", place="院里", starts_at=ELEVEN, ends_at=NINE),
            repeats=Repeats(every=Every.DAY, until=FRIDAY),
        )  # fmt: skip


def test_one_date_or_all_later_ones_are_cancelled_and_who_signed_up_is_told(day: Day):
    found = planned(day, Repeats(every=Every.DAY, until=FRIDAY + timedelta(days=3)))
    person = day.place.volunteer()
    places = [sign_up(person.actor, one.id) for one in found]
    cancel_activity(day.place.admin.actor, found[2].id, reason="下雨")
    cancel_from(day.place.coordinator.actor, found[1].id, reason="换地方")
    now = [load(day.place.id, Activity, one.id) for one in found]
    states = [(one.state, one.cancel_reason) for one in now]
    cancelled = ActivityState.CANCELLED
    assert states == [
        (ActivityState.PLANNED, None), (cancelled, "换地方"), (cancelled, "下雨"), (cancelled, "换地方"),
    ]  # fmt: skip
    kept = [load(day.place.id, SignUp, one.id).state for one in places]
    assert kept == [SignUpState.PLACED] + [SignUpState.CANCELLED] * 3
    with pytest.raises(WrongState):
        cancel_from(day.place.admin.actor, found[1].id, reason="再来")
    with pytest.raises(Forbidden):
        cancel_from(person.actor, found[0].id, reason="不要")


def test_a_series_that_was_served_at_later_is_cancelled_as_a_whole_or_not_at_all(day: Day):
    found = planned(day, Repeats(every=Every.DAY, until=FRIDAY + timedelta(days=1)))
    person = day.place.volunteer()
    later = found[1].starts_at
    day.arrive(person, later, to=found[1])
    day.leave(person, later + timedelta(hours=1), to=found[1])
    with pytest.raises(ActivityHasVisits):
        cancel_from(day.place.admin.actor, found[0].id, reason="雨")
    assert load(day.place.id, Activity, found[0].id).state == ActivityState.PLANNED
