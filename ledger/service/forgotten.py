"""Visits that nobody checked out of are closed by rule at the activity's end, and listed for review."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.service import evidence
from ledger.service.evidence import Review
from ledger.service.models import Activity, Checkin, CheckinState

_checkins: Any = Checkin.__table__

MOST_AT_ONCE = 2000

_CLOSE = (
    update(_checkins)
    .where(within(bindparam("of_community"), Checkin), _checkins.c.id == bindparam("of_id"))  # type: ignore[arg-type]
    .values(
        state=CheckinState.PENDING,
        left_at=bindparam("at", type_=_checkins.c.left_at.type),
        minutes=bindparam("credited"),
        reasons=bindparam("why", type_=_checkins.c.reasons.type),
    )
)


def _hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H")


@registry.job("close_forgotten_visits", period=_hour)
def close_every_hour(community_id: UUID, _period: str) -> None:
    close_forgotten(system_actor(community_id))


@atomic
def close_forgotten(actor: Actor) -> int:
    """Every open visit whose grace is over ends at its activity's end; returns how many there were."""
    now = clock.now()
    query = (
        scoped(actor.tenant, Checkin, Activity)
        .where(Checkin.state == CheckinState.OPEN, Activity.id == Checkin.activity_id, Activity.ends_at < now)
        .order_by(Checkin.id)
        .limit(MOST_AT_ONCE)
        .with_for_update(of=Checkin)
    )
    overdue = [
        (visit, activity) for visit, activity in db.session.execute(query) if evidence.grace_ends(activity) < now
    ]
    if not overdue:
        return 0
    db.session.connection().execute(_CLOSE, [_closed(visit, activity) for visit, activity in overdue])
    audit.record(actor, "service.close_forgotten", visits=len(overdue))
    outbox.announce_all(
        actor,
        "checkin.closed_by_rule",
        [{"checkin_id": visit.id.hex, "member_id": visit.member_id.hex} for visit, _ in overdue],
    )
    return len(overdue)


def _closed(visit: Checkin, activity: Activity) -> dict[str, Any]:
    left_at = max(activity.ends_at, visit.arrived_at)
    return {
        "of_community": visit.community_id,
        "of_id": visit.id,
        "at": left_at,
        "credited": evidence.credited_minutes(activity, visit.arrived_at, left_at),
        "why": list(dict.fromkeys([*visit.reasons, Review.CLOSED_BY_RULE])),
    }
