"""One activity, or one day of a standing one, is changed or called off; the others stay as they are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.tenancy import load
from ledger.people.models import Notice
from ledger.service import days, mine, sign_ups
from ledger.service.calendars import entries_between
from ledger.service.changing import Change, cancel_day, change_activity
from ledger.service.checkins import Kind
from ledger.service.errors import (
    ActivityCancelled,
    ActivityHasVisits,
    ActivityOver,
    ActivityTimes,
    NotStanding,
    StandsEveryDay,
)
from ledger.service.models import Activity, ActivityState, SignUp
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.ledger.service.doors import stand

HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY, SATURDAY = date(2026, 11, 20), date(2026, 11, 21)


def test_who_signed_up_is_told_of_other_hours_and_more_places_go_to_the_line(day: Day) -> None:
    clock.move_to(NINE - 2 * ONE_DAY)
    activity, admin = day.another_activity(capacity=1), day.place.admin.actor
    first, second = (day.place.volunteer(name) for name in ("林秀芳", "王强"))
    rows = [sign_ups.sign_up(one.actor, activity.id) for one in (first, second)]
    changed = change_activity(
        admin, activity.id, change=Change(place="西门", starts_at=NINE + HOUR, ends_at=ELEVEN + HOUR, capacity=2)
    )
    assert (changed.place, changed.starts_at, changed.ends_at) == ("西门", NINE + HOUR, ELEVEN + HOUR)
    kinds = [list(db.session.scalars(select(Notice.kind).where(Notice.person_id == one.person_id).order_by(Notice.id)))
             for one in (first, second)]  # fmt: skip
    assert kinds == [["sign_up.activity_changed"], ["sign_up.activity_changed", "sign_up.offered"]]
    change_activity(admin, activity.id, change=Change(capacity=1))
    assert [load(day.place.id, SignUp, one.id).state for one in rows] == ["placed", "offered"]
    with pytest.raises(Forbidden):
        change_activity(first.actor, activity.id, change=Change(place="家里"))


def test_hours_stand_once_somebody_was_there_and_what_is_over_or_off_stays(day: Day) -> None:
    admin = day.place.admin.actor
    day.arrive(day.place.volunteer(), NINE)
    with pytest.raises(ActivityHasVisits):
        change_activity(admin, day.activity.id, change=Change(ends_at=ELEVEN + HOUR))
    assert change_activity(admin, day.activity.id, change=Change(place="西门")).place == "西门"
    other = day.another_activity()
    for starts_at, ends_at in ((ELEVEN, NINE), (NINE, NINE + 25 * HOUR), (NINE - 3 * HOUR, NINE - HOUR)):
        with pytest.raises(ActivityTimes):
            change_activity(admin, other.id, change=Change(starts_at=starts_at, ends_at=ends_at))
    clock.move_to(ELEVEN)
    with pytest.raises(ActivityOver):
        change_activity(admin, other.id, change=Change(place="西门"))


def test_one_day_of_a_standing_service_has_other_hours_and_its_visits_are_judged_by_them(day: Day) -> None:
    standing, admin, person = stand(day, opens=22 * 60, closes=6 * 60), day.place.admin.actor, day.place.volunteer()
    later = Change(starts_at=clock.start_of_day(FRIDAY) + 23 * HOUR, ends_at=clock.start_of_day(SATURDAY) + 8 * HOUR)
    changed = change_activity(admin, standing.id, change=later, day=FRIDAY)
    assert (changed.standing_id, changed.day) == (standing.id, FRIDAY)
    assert [one.id for one in days.changed_days(standing)] == [changed.id]
    seven = clock.start_of_day(SATURDAY) + 7 * HOUR
    visit = day.arrive(person, seven, to=standing)
    assert (visit.activity_id, visit.reasons) == (changed.id, []), "by its usual hours this night would be over"
    assert day.leave(person, seven + HOUR, to=standing).minutes == 60
    with pytest.raises(ActivityTimes):
        change_activity(admin, standing.id, change=later, day=SATURDAY)
    with pytest.raises(StandsEveryDay):
        change_activity(admin, standing.id, change=Change(place="西门"))
    with pytest.raises(NotStanding):
        change_activity(admin, day.activity.id, change=Change(place="西门"), day=FRIDAY)


def test_a_day_that_nobody_has_visited_is_called_off_and_the_next_one_is_open(day: Day) -> None:
    standing, admin, person = stand(day), day.place.admin.actor, day.place.volunteer()
    off = cancel_day(admin, standing.id, day=SATURDAY, reason="大雪")
    assert (off.state, off.cancel_reason) == (ActivityState.CANCELLED, "大雪")
    shown = entries_between(person.actor, clock.start_of_day(SATURDAY), clock.start_of_day(SATURDAY) + ONE_DAY)
    assert [one.activity.id for one in shown if one.activity.standing_id] == [off.id]
    day.arrive(person, NINE, to=standing)
    day.leave(person, NINE + HOUR, to=standing)
    with pytest.raises(ActivityHasVisits):
        cancel_day(admin, standing.id, day=FRIDAY, reason="大雪")
    clock.move_to(NINE + ONE_DAY)
    assert mine.look_ahead(person.actor, load(day.place.id, Activity, standing.id)).refusal is not None
    with pytest.raises(ActivityCancelled):
        day.arrive(person, to=standing)
    with pytest.raises(WrongState):
        cancel_day(admin, standing.id, day=SATURDAY, reason="大雪")
    with pytest.raises(ActivityOver):
        cancel_day(admin, standing.id, day=FRIDAY, reason="大雪")
    clock.move_to(NINE + 2 * ONE_DAY)
    assert mine.look_ahead(person.actor, load(day.place.id, Activity, standing.id)).kind is Kind.IN
