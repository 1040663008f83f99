"""The clock's own work: visits that nobody checked out of are closed by rule, and used scans are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, update

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, connection, db
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.service import evidence
from ledger.service.evidence import Review
from ledger.service.models import Activity, Checkin, CheckinState, GrantUse

_checkins: Any = Checkin.__table__

MOST_AT_ONCE = 2000

USED_GRANTS_KEPT = timedelta(hours=1)
"""A grant is dead after ten minutes; who used it need not be known for longer."""

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


@registry.job("forget_used_grants", period=_hour)
def forget_used_grants(community_id: UUID, _period: str) -> None:
    """Which person used which scan is forgotten, an hour or two after."""
    db.session.execute(
        delete(GrantUse).where(within(community_id, GrantUse), GrantUse.used_at < clock.now() - USED_GRANTS_KEPT)
    )


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
    connection().execute(_CLOSE, [_closed(visit, activity) for visit, activity in overdue])
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
