"""Planning and cancelling an activity, and who finds which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import Role, load
from ledger.people.models import UnitKind
from ledger.people.units import add_unit
from ledger.service.activities import (
    ActivityPlan,
    cancel_activity,
    list_activities,
    plan_activity,
    poster_code_of,
    see_activity,
)
from ledger.service.errors import ActivityCancelled, ActivityHasVisits, ActivityTimes, ProgrammeEnded
from ledger.service.models import Checkin, CheckinState, Programme
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day
from tests.stories import open_neighbourhood


def plan(day: Day, **asked: object) -> ActivityPlan:
    return ActivityPlan(**({"name": "巡逻", "place": "东门", "starts_at": NINE, "ends_at": ELEVEN} | asked))


@pytest.mark.parametrize(
    "times",
    [
        {"ends_at": NINE},
        {"ends_at": NINE - SECOND},
        {"ends_at": NINE + timedelta(hours=24) + SECOND},
        {"starts_at": NINE + timedelta(days=400), "ends_at": NINE + timedelta(days=400, hours=1)},
        {"starts_at": NINE - timedelta(days=100), "ends_at": NINE - timedelta(days=100) + SECOND},
    ],
)
def test_times_that_make_no_activity_are_refused(day: Day, times):
    with pytest.raises(ActivityTimes):
        plan_activity(day.place.admin.actor, day.programme.id, unit_id=day.place.grid.id, plan=plan(day, **times))


def test_an_activity_may_last_a_whole_day(day: Day):
    assert day.another_activity(ends_at=NINE + timedelta(hours=24))


def test_an_activity_needs_a_running_programme(day: Day):
    db.session.execute(Programme.__table__.update().values(ended_at=NINE))  # type: ignore[attr-defined]
    db.session.commit()
    with pytest.raises(ProgrammeEnded):
        day.another_activity()


def test_an_activity_needs_a_programme_and_a_unit_of_the_community(day: Day):
    elsewhere = open_neighbourhood("北塔社区")
    admin = day.place.admin.actor
    with pytest.raises(NotFound):
        plan_activity(admin, new_id(), unit_id=day.place.grid.id, plan=plan(day))
    with pytest.raises(NotFound):
        plan_activity(admin, day.programme.id, unit_id=elsewhere.grid.id, plan=plan(day))


def test_a_coordinator_plans_in_the_own_grid_and_below(day: Day):
    coordinator = day.place.staff(Role.COORDINATOR, unit=day.place.grid)
    for unit in (day.place.grid, day.place.micro_grid):
        assert plan_activity(coordinator.actor, day.programme.id, unit_id=unit.id, plan=plan(day))


def test_a_coordinator_does_not_plan_elsewhere(day: Day):
    coordinator = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    with pytest.raises(Forbidden):
        plan_activity(coordinator.actor, day.programme.id, unit_id=day.place.grid.id, plan=plan(day))


def test_stampers_and_volunteers_plan_nothing(day: Day):
    for person in (day.place.stamper, day.place.volunteer()):
        with pytest.raises(Forbidden):
            plan_activity(person.actor, day.programme.id, unit_id=day.place.grid.id, plan=plan(day))


def test_a_poster_code_starts_with_the_communitys_short_code(day: Day):
    short, _, rest = poster_code_of(day.place.admin.actor, day.activity.id).partition("-")
    assert (short, len(rest)) == (day.place.community.short_code, 10)


def test_only_those_who_manage_an_activity_get_its_poster(day: Day):
    with pytest.raises(Forbidden):
        poster_code_of(day.place.volunteer().actor, day.activity.id)


def test_a_cancelled_activity_takes_no_check_in(day: Day):
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    with pytest.raises(ActivityCancelled):
        day.arrive(day.place.volunteer(), NINE)


def test_cancelling_is_told(day: Day):
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    told = db.session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "activity.cancelled")).one()
    assert told.payload["activity_id"] == day.activity.id.hex


def test_cancelling_voids_who_is_just_checked_in(day: Day):
    visit = day.arrive(day.place.volunteer(), NINE)
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    assert load(day.place.id, Checkin, visit.id).state == CheckinState.VOID


def test_service_that_was_given_is_not_swept_away(day: Day):
    day.served(day.place.volunteer())
    with pytest.raises(ActivityHasVisits) as refused:
        cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    assert refused.value.facts["visits"] == 1


def test_an_activity_is_cancelled_once(day: Day):
    cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    with pytest.raises(WrongState):
        cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")


def test_only_those_who_manage_it_cancel_an_activity(day: Day):
    beside = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    for person in (beside, day.place.stamper, day.place.volunteer("王强")):
        with pytest.raises(Forbidden):
            cancel_activity(person.actor, day.activity.id, reason="下雨")


def test_another_communitys_activity_does_not_exist(day: Day):
    elsewhere = open_neighbourhood("北塔社区").admin.actor
    for look in (see_activity, poster_code_of):
        with pytest.raises(NotFound):
            look(elsewhere, day.activity.id)
    with pytest.raises(NotFound):
        cancel_activity(elsewhere, day.activity.id, reason="下雨")
    assert list_activities(elsewhere) == []


def test_activities_are_found_by_time(day: Day):
    tomorrow = day.another_activity(starts_at=NINE + timedelta(days=1), ends_at=ELEVEN + timedelta(days=1))
    person = day.place.volunteer().actor
    today = list_activities(person, since=NINE, until=NINE + timedelta(hours=12))
    later = list_activities(person, since=ELEVEN + SECOND)
    assert [[view.activity.id for view in views] for views in (today, later)] == [[day.activity.id], [tomorrow.id]]


def test_activities_are_found_by_unit_and_what_is_below(day: Day):
    beside = day.place.grid_beside()
    compound = add_unit(day.place.admin.actor, "小区", kind=UnitKind.COMPOUND, parent_id=day.place.root.id)
    there = day.another_activity(unit=beside)
    person = day.place.volunteer().actor
    found = {unit.id: [view.activity.id for view in list_activities(person, unit_id=unit.id)]
             for unit in (day.place.root, day.place.grid, beside, compound)}  # fmt: skip
    assert found == {
        day.place.root.id: [there.id, day.activity.id],
        day.place.grid.id: [day.activity.id],
        beside.id: [there.id],
        compound.id: [],
    }


def test_a_page_of_activities_goes_on_after_the_cursor(day: Day):
    clock.move_to(NINE)
    later = day.another_activity()
    rest = list_activities(day.place.admin.actor, after=later.id)
    assert [view.activity.id for view in rest] == [day.activity.id]


def test_a_volunteer_sees_an_activity_but_does_not_manage_it(day: Day):
    assert not see_activity(day.place.volunteer().actor, day.activity.id).is_mine_to_manage
    assert see_activity(day.place.coordinator.actor, day.activity.id).is_mine_to_manage
