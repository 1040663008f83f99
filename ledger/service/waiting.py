"""What lies on the stamper's desk: the visits that wait for a stamp, strongest evidence first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, case, func, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core.db import begins, db
from ledger.core.orders import NEWEST, OLDEST, Order, arrange
from ledger.core.permissions import reach, reaches_all_by_name
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.people.models import Member, PlaceUnit, RoleGrant
from ledger.service.desk import StampResult, require_stamper
from ledger.service.models import Activity, Checkin, CheckinState, Decision, Evidence, Stamp, StampBatch
from ledger.service.stamps import preview_stamps

WAITING = (CheckinState.PENDING, CheckinState.AWAITING_SECOND)

came_at: ColumnElement[datetime] = case(
    (Checkin.left_at > Checkin.received_at, Checkin.left_at), else_=Checkin.received_at
)
"""SQL: since when a visit waits for its stamp."""

_RANKS = {grade: -rank for rank, grade in enumerate(Evidence)}
_strength: Any = case(*((Checkin.evidence == grade, rank) for grade, rank in _RANKS.items()), else_=-len(Evidence))


class QueueOrder(StrEnum):
    """How the desk is sorted: strongest evidence first and then newest, by who came last or first, by the member's
    name, or the longest service first."""

    EVIDENCE = "evidence"
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    LONGEST = "longest"


_ORDERS = {
    QueueOrder.EVIDENCE: Order(_strength, falls=True),
    QueueOrder.NEWEST: NEWEST,
    QueueOrder.OLDEST: OLDEST,
    QueueOrder.NAME: Order(Member.sort_key),
    QueueOrder.LONGEST: Order(func.coalesce(Checkin.minutes, 0), falls=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which part of the desk is looked at; None is all of it."""

    unit_id: UUID | None = None
    activity_id: UUID | None = None
    evidence: Evidence | None = None


class Waiting(NamedTuple):
    """A visit on the desk with what a stamp would do: its award, or the reason why this actor may not give it."""

    checkin: Checkin
    activity: Activity
    member: Member
    outcome: StampResult


def list_waiting(
    actor: Actor,
    wanted: QueueFilter,
    *,
    order: QueueOrder = QueueOrder.EVIDENCE,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Waiting]:
    """The visits that wait in the actor's parts. Raises Forbidden, NotFound (the unit)."""
    every = scoped(actor.tenant, Checkin, Activity, Member).where(
        Activity.id == Checkin.activity_id, Member.id == Checkin.member_id
    )
    query = arrange(_narrowed(actor, every, wanted), _ORDERS[order], Checkin.id, rows=every, after=after).limit(limit)
    return _judged(actor, db.session.execute(query).all())


def see_waiting(actor: Actor, checkin_ids: list[UUID], *, decision: Decision) -> tuple[list[Waiting], str]:
    """These visits in the order of the ids, with what the decision would do to each, and the preview's digest."""
    preview = preview_stamps(actor, checkin_ids, decision=decision)
    query = scoped(actor.tenant, Checkin, Activity, Member).where(
        Activity.id == Checkin.activity_id, Member.id == Checkin.member_id, Checkin.id.in_(checkin_ids)
    )
    rows = {row.Checkin.id: row for row in db.session.execute(query.where(_mine(actor)))}
    found = [_waiting(rows[one.checkin_id], one) for one in preview.results if one.checkin_id in rows]
    return found, preview.preview_digest


def count_waiting(actor: Actor, wanted: QueueFilter) -> int:
    """How many wait. Raises Forbidden, NotFound (the unit)."""
    query = _narrowed(actor, scoped(actor.tenant, Checkin.id), wanted)
    return int(db.session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0)


def _narrowed(actor: Actor, query: Select[Any], wanted: QueueFilter) -> Select[Any]:
    query = query.where(_mine(actor), Checkin.state.in_(WAITING))
    if wanted.unit_id:
        query = query.where(begins(Checkin.unit_path, load(actor.tenant, PlaceUnit, wanted.unit_id).path))
    if wanted.activity_id:
        query = query.where(Checkin.activity_id == wanted.activity_id)
    if wanted.evidence:
        query = query.where(Checkin.evidence == wanted.evidence)
    return query


def _mine(actor: Actor) -> ColumnElement[bool]:
    """SQL: the part of the visits that the actor stamps."""
    require_stamper(actor)
    scopes = reach(actor, "stamp")
    if reaches_all_by_name(scopes):
        return Checkin.id.is_not(None)
    return or_(*(begins(Checkin.unit_path, grant.unit_path) for grant in actor.grants if grant.role in scopes))


def _judged(actor: Actor, rows: Sequence[Row[Any]]) -> list[Waiting]:
    preview = preview_stamps(actor, [row.Checkin.id for row in rows], decision=Decision.STAMP)
    return [_waiting(row, outcome) for row, outcome in zip(rows, preview.results, strict=True)]


def _waiting(row: Row[Any], outcome: StampResult) -> Waiting:
    return Waiting(row.Checkin, row.Activity, row.Member, outcome)


class StampedVisit(NamedTuple):
    """One decision of a batch with the visit it was about."""

    stamp: Stamp
    checkin: Checkin
    activity: Activity
    member_name: str


def see_batch(actor: Actor, batch_id: UUID) -> tuple[StampBatch, list[StampedVisit]]:
    """A batch with those of its decisions that lie in the actor's parts. Raises NotFound, Forbidden."""
    batch = load(actor.tenant, StampBatch, batch_id)
    query = scoped(actor.tenant, Stamp, Checkin, Activity, Member.name).where(
        Stamp.batch_id == batch.id,
        Checkin.id == Stamp.checkin_id,
        Activity.id == Checkin.activity_id,
        Member.id == Checkin.member_id,
    )
    rows = db.session.execute(query.where(_mine(actor)).order_by(Stamp.id))
    return batch, [StampedVisit(*row) for row in rows]


class StampedFor(NamedTuple):
    """What a stamp was for."""

    activity_name: str
    arrived_at: datetime
    batch_id: UUID


def stamped_visit(community_id: UUID, stamp_id: UUID) -> StampedFor | None:
    """The visit that a stamp decided, for those who read the transfer that it made."""
    query = scoped(community_id, Activity.name, Checkin.arrived_at, Stamp.batch_id).where(
        Stamp.id == stamp_id, Checkin.id == Stamp.checkin_id, Activity.id == Checkin.activity_id
    )
    found = db.session.execute(query).one_or_none()
    return StampedFor(*found) if found else None


def activities_waiting(actor: Actor) -> list[tuple[UUID, str]]:
    """The activities that have visits on the desk, with their names, newest first."""
    query = scoped(actor.tenant, Activity.id, Activity.name, Activity.starts_at).where(within(actor.tenant, Checkin))
    query = query.where(Activity.id == Checkin.activity_id, Checkin.state.in_(WAITING), _mine(actor))
    rows = db.session.execute(query.distinct().order_by(Activity.starts_at.desc()).limit(200))
    return [(activity_id, name) for activity_id, name, _ in rows]


def count_by_holder(
    community_id: UUID, roles: Collection[Role], *, came_before: datetime | None = None
) -> dict[UUID, int]:
    """How many visits wait in the parts of each person who holds one of the roles; who has none waiting is left out.

    `came_before`: only those that came to the desk earlier.
    """
    counts = select(Checkin.unit_path, func.count()).where(within(community_id, Checkin), Checkin.state.in_(WAITING))
    if came_before is not None:
        counts = counts.where(came_at < came_before)
    by_path = db.session.execute(counts.group_by(Checkin.unit_path)).tuples().all()
    holders = scoped(community_id, Member.person_id, PlaceUnit.path).where(
        within(community_id, RoleGrant),
        RoleGrant.member_id == Member.id,
        RoleGrant.unit_id == PlaceUnit.id,
        RoleGrant.role.in_(roles),
        RoleGrant.until.is_(None),
    )
    parts: dict[UUID, list[str]] = {}
    for person_id, path in db.session.execute(holders.order_by(Member.person_id)).tuples():
        parts.setdefault(person_id, []).append(path)
    found = {one: sum(n for path, n in by_path if path.startswith(tuple(paths))) for one, paths in parts.items()}
    return {person_id: count for person_id, count in found.items() if count}
