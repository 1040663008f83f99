"""One activity, one date of a series or one day of a standing one is changed or called off; the others stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load
from ledger.people.models import PlaceUnit
from ledger.service import activities, days, sign_ups
from ledger.service.errors import ActivityHasVisits, ActivityOver, ActivityTimes, StandsEveryDay
from ledger.service.models import Activity, ActivityKind, ActivityState
from ledger.service.standing import hold_standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes different; None leaves it as it is. `capacity` (≥ 1) is for what people sign up for."""

    place: str | None = None
    instructions: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    capacity: int | None = None


@atomic
def change_activity(actor: Actor, activity_id: UUID, *, change: Change, day: date | None = None) -> Activity:
    """This activity (of a standing one that `day`) is so; whoever signed up is told of another place or time.

    Hours stand as soon as somebody was there, for minutes are counted by them. More places go to the line; with fewer
    nobody loses theirs. Raises NotFound, Forbidden, StandsEveryDay (without a day; places of a day), NotStanding (with
    one), ActivityOver, ActivityTimes, WrongState (cancelled), ActivityHasVisits (other hours).
    """
    activity = _hold(actor, activity_id, day)
    if activity.kind is not ActivityKind.SINGLE and change.capacity is not None:
        raise StandsEveryDay
    if activity.state == ActivityState.CANCELLED:
        raise WrongState(state=activity.state)
    if activity.ends_at <= clock.now():
        raise ActivityOver
    before = (activity.place, activity.starts_at, activity.ends_at)
    _change_hours(activity, change)
    activity.place = change.place or activity.place
    activity.instructions = activity.instructions if change.instructions is None else change.instructions
    activity.capacity = change.capacity or activity.capacity
    activity.revise()
    db.session.flush()
    is_elsewhere = before != (activity.place, activity.starts_at, activity.ends_at)
    told = sign_ups.tell_of_change(activity) if is_elsewhere else 0
    sign_ups.offer_free_places(activity)
    audit.record(actor, "service.change_activity", activity.id, told=told)
    outbox.announce(actor, "activity.changed", activity_id=activity.id.hex)
    return activity


@atomic
def cancel_day(actor: Actor, activity_id: UUID, *, day: date, reason: str) -> Activity:
    """The standing activity is closed on that day, as `cancel_activity` says.

    Raises NotFound, Forbidden, NotStanding, ActivityOver, ActivityTimes, WrongState, ActivityHasVisits.
    """
    return activities.cancel_activity(actor, _hold(actor, activity_id, day).id, reason=reason)


def _hold(actor: Actor, activity_id: UUID, day: date | None) -> Activity:
    """What is meant, locked against whoever checks in or signs up; the row of a day is written if need be."""
    if day is not None:
        standing = hold_standing(actor, activity_id)
        _refuse_day(standing, day)
        return load(actor.tenant, Activity, days.row_of_day(standing, day).id, lock=True)
    activity = load(actor.tenant, Activity, activity_id, lock=True)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path)
    if activity.kind is ActivityKind.STANDING:
        raise StandsEveryDay
    return activity


def _refuse_day(standing: Activity, day: date) -> None:
    """Past days are what they were; before the first and after the last there is none."""
    if day < clock.today() or day >= clock.local_day(standing.ends_at):
        raise ActivityOver
    if day < clock.local_day(standing.starts_at) or day > clock.today() + activities.FARTHEST_AHEAD:
        raise ActivityTimes


def _change_hours(activity: Activity, change: Change) -> None:
    """The hours are these, if nobody was there: within the bounds of a plan, and of a day beginning on that day."""
    hours = (change.starts_at or activity.starts_at, change.ends_at or activity.ends_at)
    if hours == (activity.starts_at, activity.ends_at):
        return
    visits = activities.count_visits(activity.community_id, [activity.id]).get(activity.standing_id or activity.id, 0)
    if visits:
        raise ActivityHasVisits(visits=visits)
    starts_at, ends_at = hours
    if ends_at <= clock.now() or not timedelta(0) < ends_at - starts_at <= activities.LONGEST:
        raise ActivityTimes
    if starts_at > clock.now() + activities.FARTHEST_AHEAD:
        raise ActivityTimes
    if activity.day is not None and clock.local_day(starts_at) != activity.day:
        raise ActivityTimes
    activity.starts_at, activity.ends_at = starts_at, ends_at
