"""Activities: a programme at a place and time, with the poster that hangs there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, begins, db
from ledger.core.errors import WrongState
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import may, require, require_any
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import units
from ledger.people.members import load_community
from ledger.people.models import PlaceUnit
from ledger.service import sign_ups
from ledger.service.codes import new_poster_code
from ledger.service.errors import ActivityHasVisits, ActivityTimes, ProgrammeEnded, StandsEveryDay
from ledger.service.models import Activity, ActivityKind, ActivityState, Checkin, CheckinState, Programme

LONGEST = timedelta(hours=24)
SCANNED_AHEAD = timedelta(hours=2)
"""So long before the start whoever scans at the door opens the page, while there is still a network."""
FARTHEST_AHEAD, FARTHEST_BACK = timedelta(days=366), timedelta(days=92)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPlan:
    """What an activity is. The door opens `opens_before_minutes` before the start; check-out is possible until
    `closes_after_minutes` after the end. Position in millionths of a degree; None where nobody measured it."""

    name: str
    place: str
    starts_at: datetime
    ends_at: datetime
    instructions: str = ""
    opens_before_minutes: int = 15
    closes_after_minutes: int = 30
    capacity: int | None = None
    latitude_e6: int | None = None
    longitude_e6: int | None = None


class ActivityView(NamedTuple):
    """An activity as the actor sees it; `is_mine_to_manage` opens its poster and live code."""

    activity: Activity
    unit: PlaceUnit
    programme: Programme
    is_mine_to_manage: bool


@atomic
def plan_activity(actor: Actor, programme_id: UUID, *, unit_id: UUID, plan: ActivityPlan) -> Activity:
    """The activity is planned and its poster can be printed.

    Raises NotFound (programme, unit), Forbidden, UnitEnded, ProgrammeEnded, ActivityTimes.
    """
    require_plannable(actor, programme_id, unit_id)
    refuse_times(plan)
    return add_activity(actor, programme_id, unit_id, plan=plan)


def require_plannable(actor: Actor, programme_id: UUID, unit_id: UUID) -> None:
    """Raises NotFound (programme, unit), Forbidden, UnitEnded, ProgrammeEnded."""
    programme = load(actor.tenant, Programme, programme_id)
    unit = units.hold_unit(actor.tenant, unit_id)
    require(actor, "manage_activities", unit_path=unit.path)
    units.require_live(unit)
    if programme.ended_at is not None:
        raise ProgrammeEnded


def refuse_times(plan: ActivityPlan) -> None:
    """Raises ActivityTimes."""
    now = clock.now()
    if not timedelta(0) < plan.ends_at - plan.starts_at <= LONGEST:
        raise ActivityTimes
    if not now - FARTHEST_BACK <= plan.starts_at <= now + FARTHEST_AHEAD:
        raise ActivityTimes


def add_activity(actor: Actor, programme_id: UUID, unit_id: UUID, *, plan: ActivityPlan, **more: Any) -> Activity:
    """The activity is written with a poster of its own; what may be planned was looked at before."""
    activity = Activity(
        community_id=actor.tenant,
        id=new_id(),
        programme_id=programme_id,
        unit_id=unit_id,
        name=plan.name,
        place=plan.place,
        instructions=plan.instructions,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        opens_before_minutes=plan.opens_before_minutes,
        closes_after_minutes=plan.closes_after_minutes,
        capacity=plan.capacity,
        latitude_e6=plan.latitude_e6,
        longitude_e6=plan.longitude_e6,
        poster_code=new_poster_code(load_community(actor.tenant).short_code),
        state=ActivityState.PLANNED,
        created_at=clock.now(),
        actor_id=actor.person_id,
        **more,
    )
    db.session.add(activity)
    db.session.flush()
    audit.record(actor, "service.plan_activity", activity.id)
    outbox.announce(actor, "activity.planned", activity_id=activity.id.hex)
    return activity


@atomic
def cancel_activity(actor: Actor, activity_id: UUID, *, reason: str) -> Activity:
    """The activity does not take place; whoever is checked in just now is voided, whoever signed up is told.

    Service that was completed is not swept away: ActivityHasVisits. Raises before it NotFound, Forbidden,
    StandsEveryDay, WrongState.
    """
    # A full lock: a check-in that has read the activity as planned is waited for, a later one sees it cancelled.
    activity = load(actor.tenant, Activity, activity_id, lock=True)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path)
    if activity.kind is ActivityKind.STANDING:
        raise StandsEveryDay
    if activity.state == ActivityState.CANCELLED:
        raise WrongState(state=activity.state)
    # Voiding waits for whoever closes one of these visits just now, and what was closed counts as served.
    voided = _void_open_visits(activity)
    served = _count_served(activity)
    if served:
        raise ActivityHasVisits(visits=served)
    activity.state, activity.cancelled_at, activity.cancel_reason = ActivityState.CANCELLED, clock.now(), reason
    activity.revise()
    db.session.flush()
    told = sign_ups.end_with_activity(activity)
    audit.record(actor, "service.cancel_activity", activity_id, voided=len(voided), told=told)
    outbox.announce(
        actor, "activity.cancelled", activity_id=activity_id.hex, member_ids=[member_id.hex for member_id in voided]
    )
    return activity


def _count_served(activity: Activity) -> int:
    served = (CheckinState.PENDING, CheckinState.AWAITING_SECOND, CheckinState.STAMPED)
    query = select(func.count()).where(
        within(activity.community_id, Checkin), Checkin.activity_id == activity.id, Checkin.state.in_(served)
    )
    return db.session.scalar(query) or 0


def _void_open_visits(activity: Activity) -> Sequence[UUID]:
    """The members whose open visits ended with the activity."""
    visits = update(Checkin).where(
        within(activity.community_id, Checkin),
        Checkin.activity_id == activity.id,
        Checkin.state == CheckinState.OPEN,
    )
    ended = visits.values(state=CheckinState.VOID, left_at=clock.now(), minutes=0, reasons=["activity_cancelled"])
    statement = ended.returning(Checkin.member_id).execution_options(synchronize_session=False)
    return list(db.session.scalars(statement))


class ActivityOrder(StrEnum):
    """How a list of activities is sorted: what was planned last comes first, or by the start."""

    NEWEST = "newest"
    EARLIEST = "earliest"
    LATEST = "latest"


_ORDERS = {
    ActivityOrder.NEWEST: NEWEST,
    ActivityOrder.EARLIEST: Order(Activity.starts_at),
    ActivityOrder.LATEST: Order(Activity.starts_at, falls=True),
}


def list_activities(
    actor: Actor,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    unit_id: UUID | None = None,
    series_id: UUID | None = None,
    order: ActivityOrder = ActivityOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[ActivityView]:
    """Activities that lie (even partly) between the moments and inside the unit. Raises Forbidden.

    A standing activity stands there once, not with each of its days. `series_id`: only the dates of that series.
    """
    require_any(actor, "see_programmes")
    query = _described(actor.tenant).where(Activity.standing_id.is_(None)).limit(limit)
    if series_id:
        query = query.where(Activity.series_id == series_id)
    if since:
        query = query.where(Activity.ends_at >= since)
    if until:
        query = query.where(Activity.starts_at < until)
    if unit_id:
        query = query.where(begins(PlaceUnit.path, load(actor.tenant, PlaceUnit, unit_id).path))
    query = arrange(query, _ORDERS[order], Activity.id, rows=scoped(actor.tenant, Activity), after=after)
    return [_view(actor, *row) for row in db.session.execute(query)]


def see_activity(actor: Actor, activity_id: UUID) -> ActivityView:
    """One activity. Raises NotFound, Forbidden."""
    activity = load(actor.tenant, Activity, activity_id)
    require_any(actor, "see_programmes")
    return _view(actor, *db.session.execute(_described(actor.tenant).where(Activity.id == activity.id)).one())


def is_recorded_now(actor: Actor, view: ActivityView) -> bool:
    """Is the activity under way or about to begin, and does the actor record who comes?"""
    is_on = view.activity.starts_at - clock.now() < SCANNED_AHEAD
    return is_on and may(actor, "record_checkin", unit_path=view.unit.path)


def count_visits(community_id: UUID, activity_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many visits that are not void each of these activities had, in one statement."""
    shown = func.coalesce(Activity.standing_id, Activity.id)
    query = select(shown, func.count()).where(
        within(community_id, Checkin, Activity),
        Activity.id == Checkin.activity_id,
        or_(Activity.id.in_(activity_ids), Activity.standing_id.in_(activity_ids)),
        Checkin.state != CheckinState.VOID,
    )
    return dict(db.session.execute(query.group_by(shown)).tuples().all())


def poster_code_of(actor: Actor, activity_id: UUID) -> str:
    """The code that the activity's poster carries. Raises NotFound, Forbidden."""
    activity = load(actor.tenant, Activity, activity_id)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path)
    return activity.poster_code


def _described(community_id: UUID) -> Select[Any]:
    return scoped(community_id, Activity, PlaceUnit, Programme).where(
        PlaceUnit.id == Activity.unit_id, Programme.id == Activity.programme_id
    )


def _view(actor: Actor, activity: Activity, unit: PlaceUnit, programme: Programme) -> ActivityView:
    return ActivityView(activity, unit, programme, may(actor, "manage_activities", unit_path=unit.path))
