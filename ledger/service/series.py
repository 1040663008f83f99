"""Recurring activities: one plan on many dates, each date an activity of its own, joined by a series."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.models import PlaceUnit
from ledger.service import activities
from ledger.service.activities import ActivityPlan
from ledger.service.errors import RepeatsNone, RepeatsTooLong
from ledger.service.models import Activity, ActivityState

MOST_DATES = 100
FARTHEST = timedelta(days=366)


class Every(StrEnum):
    """How often a series comes back."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Until which local day (included) a plan comes back, and how often; `weekdays` (1 Monday … 7 Sunday) of a weekly
    one, where empty means that of the first day. A month too short for the first day has it on its last."""

    every: Every
    until: date
    weekdays: frozenset[int] = frozenset()


def dates_of(first: date, repeats: Repeats) -> list[date]:
    """The local days of the series, in order. Raises RepeatsTooLong (over a hundred, or a year), RepeatsNone."""
    if repeats.until > clock.today() + FARTHEST:
        raise RepeatsTooLong(most=MOST_DATES)
    found: list[date] = []
    for day in _every(first, repeats):
        if day > repeats.until:
            break
        if len(found) == MOST_DATES:
            raise RepeatsTooLong(most=MOST_DATES)
        found.append(day)
    if not found:
        raise RepeatsNone
    return found


def _every(first: date, repeats: Repeats) -> Iterator[date]:
    """The days without an end, from the first on."""
    if repeats.every is Every.MONTH:
        yield from _each_month(first)
    weekdays = (repeats.weekdays or {first.isoweekday()}) if repeats.every is Every.WEEK else range(1, 8)
    day = first
    while True:
        if day.isoweekday() in weekdays:
            yield day
        day += timedelta(days=1)


def _each_month(first: date) -> Iterator[date]:
    months = first.year * 12 + first.month - 1
    while True:
        year, month = divmod(months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        yield date(year, month + 1, min(first.day, last))
        months += 1


def plans_of(plan: ActivityPlan, repeats: Repeats) -> list[ActivityPlan]:
    """The plan on each of its dates, at the same local hour. Raises RepeatsTooLong, RepeatsNone."""
    first = plan.starts_at.astimezone(clock.SHANGHAI)
    length = plan.ends_at - plan.starts_at
    days = dates_of(first.date(), repeats)
    starts = [datetime.combine(day, first.timetz()).astimezone(UTC) for day in days]
    return [replace(plan, starts_at=one, ends_at=one + length) for one in starts]


@atomic
def plan_series(
    actor: Actor, programme_id: UUID, *, unit_id: UUID, plan: ActivityPlan, repeats: Repeats
) -> list[Activity]:
    """Each date of the plan is an activity with its own poster and sign-ups, in order; the first names the series.

    Raises NotFound (programme, unit), Forbidden, UnitEnded, ProgrammeEnded, RepeatsTooLong, RepeatsNone, ActivityTimes.
    """
    activities.require_plannable(actor, programme_id, unit_id)
    plans = plans_of(plan, repeats)
    for one in plans:
        activities.refuse_times(one)
    planned = [activities.add_activity(actor, programme_id, unit_id, plan=one) for one in plans]
    for activity in planned:
        activity.series_id = planned[0].id
    db.session.flush()
    return planned


@atomic
def cancel_from(actor: Actor, activity_id: UUID, *, reason: str) -> Activity:
    """This date and all later ones of its series do not take place; those cancelled before stay as they are.

    All or none: ActivityHasVisits where somebody has served at one. Raises before it NotFound, Forbidden, WrongState
    (this one is cancelled already).
    """
    first = load(actor.tenant, Activity, activity_id)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, first.unit_id).path)
    cancelled = activities.cancel_activity(actor, activity_id, reason=reason)
    if first.series_id is None:
        return cancelled
    later = scoped(actor.tenant, Activity.id).where(
        Activity.series_id == first.series_id,
        Activity.starts_at > first.starts_at,
        Activity.state == ActivityState.PLANNED,
    )
    for later_id in db.session.scalars(later.order_by(Activity.starts_at)).all():
        activities.cancel_activity(actor, later_id, reason=reason)
    return cancelled
