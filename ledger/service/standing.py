"""Standing activities (常设): a service that a unit offers every day between two hours, until somebody ends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load
from ledger.people.models import PlaceUnit
from ledger.service import activities
from ledger.service.activities import ActivityPlan
from ledger.service.errors import ActivityTimes, NotStanding
from ledger.service.models import NO_END, Activity, ActivityKind

BRIEFLY = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """The hours of every day in minutes of the local day (0 … 1439), and the first day (None: today).

    A closing not after the opening lies on the next day.
    """

    opens_minute: int
    closes_minute: int
    since: date | None = None


@atomic
def open_standing(actor: Actor, programme_id: UUID, *, unit_id: UUID, plan: ActivityPlan, daily: Daily) -> Activity:
    """The unit offers the service every day; its poster can be printed. The times of the plan are not looked at.

    Raises NotFound (programme, unit), Forbidden, UnitEnded, ProgrammeEnded,
    ActivityTimes (a first day before today or over a year ahead).
    """
    assert min(daily.opens_minute, daily.closes_minute) >= 0
    assert max(daily.opens_minute, daily.closes_minute) < 24 * 60
    activities.require_plannable(actor, programme_id, unit_id)
    first = daily.since or clock.today()
    if not timedelta(0) <= first - clock.today() <= activities.FARTHEST_AHEAD:
        raise ActivityTimes
    return activities.add_activity(
        actor,
        programme_id,
        unit_id,
        plan=replace(plan, starts_at=clock.start_of_day(first) + timedelta(minutes=daily.opens_minute), ends_at=NO_END),
        opens_minute=daily.opens_minute,
        closes_minute=daily.closes_minute,
    )


@atomic
def end_standing(actor: Actor, activity_id: UUID, *, reason: str) -> Activity:
    """Today is its last day; who is checked in checks out as ever. Its days and their visits stay.

    One that was to begin later never opens. Raises NotFound, Forbidden, NotStanding, WrongState (ended before).
    """
    standing = hold_standing(actor, activity_id)
    if standing.ends_at != NO_END:
        raise WrongState(state="ended")
    # A row ends after it starts; that it has no day at all is told by the days, not by the hour.
    standing.ends_at = max(clock.start_of_day(clock.today() + timedelta(days=1)), standing.starts_at + BRIEFLY)
    standing.cancelled_at, standing.cancel_reason = clock.now(), reason
    standing.revise()
    db.session.flush()
    audit.record(actor, "service.end_standing", standing.id)
    outbox.announce(actor, "activity.ended", activity_id=standing.id.hex)
    return standing


def hold_standing(actor: Actor, activity_id: UUID) -> Activity:
    """The standing activity, locked, that the actor manages. Raises NotFound, Forbidden, NotStanding."""
    standing = load(actor.tenant, Activity, activity_id, lock=True)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, standing.unit_id).path)
    if standing.kind is not ActivityKind.STANDING:
        raise NotStanding
    return standing
