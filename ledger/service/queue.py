"""Check-ins as they are looked at: the stamping queue, a member's own visits, and why one is not stamped yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import workdays
from ledger.core.db import begins, db
from ledger.core.errors import Forbidden
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import members_reached, places_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.members import family_of, is_masked_for, mask_name
from ledger.people.models import Member, PlaceUnit
from ledger.service import evidence
from ledger.service.models import Activity, Checkin, CheckinState, Evidence, Stamp, StampBatch
from ledger.service.plates import Door, doors_of
from ledger.service.visit_notes import VisitNote, note_for

STAMPED_WITHIN_WORKDAYS = 3
"""How soon a community decides; shown to the volunteer as the day by which the stamp is expected."""

WAITING: dict[str, tuple[str, str]] = {
    "check_out": ("服务中，签退后等待盖章", "In service; after the check-out it waits for the stamp"),
    "stamp": ("等待社区盖章", "Waiting for the community's stamp"),
    "second_stamp": ("需要两人盖章，等待第二位盖章人", "Takes two stampers, waiting for the second"),
    "correction": ("已退回，请看说明后更正", "Returned: read the note and correct it"),
}
"""Why a visit is not stamped yet, in zh and en."""

_WAITING_FOR = {
    CheckinState.OPEN: "check_out",
    CheckinState.PENDING: "stamp",
    CheckinState.AWAITING_SECOND: "second_stamp",
    CheckinState.RETURNED: "correction",
}


class Decided(NamedTuple):
    """The live stamp of a check-in with its batch (whose note says why something was returned)."""

    stamp: Stamp
    batch: StampBatch


class CheckinView(NamedTuple):
    """A check-in as the actor sees it. `waiting_for` is a key of WAITING or None; `expected_by` its end.

    `acted_by` are the names of those whose hands recorded it for the member; empty when it was the member's own.
    `note` is there for those who may read it, `door` where the visit was at one.
    """

    checkin: Checkin
    activity: Activity
    member_name: str
    decided: Decided | None
    waiting_for: str | None
    expected_by: datetime | None
    acted_by: list[str]
    note: VisitNote | None = None
    door: Door | None = None


def list_checkins(
    actor: Actor,
    *,
    status: CheckinState | None = None,
    activity_id: UUID | None = None,
    evidence: Evidence | None = None,
    unit_id: UUID | None = None,
    member_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[CheckinView]:
    """The check-ins that the actor may see; `since` ≤ arrival < `until`.

    Raises Forbidden, NotFound (the unit).
    """
    query = _described(actor.tenant).where(visible(actor, "see_checkins")).limit(limit)
    wanted = {
        Checkin.state: status,
        Checkin.activity_id: activity_id,
        Checkin.evidence: evidence,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if member_id:
        query = query.where(Checkin.member_id.in_(family_of(actor.tenant, member_id)))
    if unit_id:
        query = query.where(begins(Checkin.unit_path, load(actor.tenant, PlaceUnit, unit_id).path))
    if since:
        query = query.where(Checkin.arrived_at >= since)
    if until:
        query = query.where(Checkin.arrived_at < until)
    query = arrange(query, BY_AGE[order], Checkin.id, rows=query, after=after)
    return _views(actor, query)


def see_checkin(actor: Actor, checkin_id: UUID) -> CheckinView:
    """One check-in, by the same rule as the list. Raises NotFound, Forbidden."""
    checkin = load(actor.tenant, Checkin, checkin_id)
    require(actor, "see_checkins", member_id=checkin.member_id, unit_path=checkin.unit_path)
    return _views(actor, _described(actor.tenant).where(Checkin.id == checkin_id))[0]


_Recorder, _Closer = aliased(Member), aliased(Member)


def _described(community_id: UUID) -> Select[Any]:
    """Each check-in with its activity, its member, and the names of those who recorded arrival and leaving."""
    return (
        select(Checkin, Activity, Member, _Recorder.name, _Closer.name)
        .select_from(Checkin)
        .join(Activity, Activity.id == Checkin.activity_id)
        .join(Member, Member.id == Checkin.member_id)
        .outerjoin(_Recorder, within(community_id, _Recorder) & (_Recorder.person_id == Checkin.recorded_by))
        .outerjoin(_Closer, within(community_id, _Closer) & (_Closer.person_id == Checkin.closed_by))
        .where(within(community_id, Checkin, Activity, Member))
    )


def visible(actor: Actor, verb: str) -> ColumnElement[bool]:
    """SQL: the part of the check-ins that the actor's roles reach with this verb. Raises Forbidden."""
    scopes = reach(actor, verb)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Checkin.id.is_not(None)
    parts: list[ColumnElement[bool]] = [Checkin.member_id.in_(members_reached(actor, scopes))]
    return or_(*parts, *places_reached(actor, scopes, Checkin.unit_path))


def _views(actor: Actor, query: Select[Any]) -> list[CheckinView]:
    rows = db.session.execute(query).all()
    decided = _decided(actor.tenant, [row.Checkin.id for row in rows])
    doors = doors_of(actor, [row.Checkin for row in rows])
    masked = is_masked_for(actor)
    return [
        CheckinView(
            checkin=checkin,
            activity=activity,
            member_name=mask_name(member.name) if masked and checkin.member_id not in actor.member_ids else member.name,
            decided=decided.get(checkin.id),
            waiting_for=_WAITING_FOR.get(CheckinState(checkin.state)),
            expected_by=expected_by(checkin, activity),
            acted_by=[mask_name(one) if masked else one for one in _hands(checkin, member, recorder, closer)],
            note=note_for(actor, checkin),
            door=doors.get(checkin.id),
        )
        for checkin, activity, member, recorder, closer in rows
    ]


def _hands(checkin: Checkin, member: Member, recorder: str | None, closer: str | None) -> list[str]:
    """Who acted, other than the member: each once. The clock has no name."""
    hands = ((checkin.recorded_by, recorder), (checkin.closed_by, closer))
    return list(dict.fromkeys(name for person_id, name in hands if name and person_id != member.person_id))


def _decided(community_id: UUID, checkin_ids: Sequence[UUID]) -> dict[UUID, Decided]:
    query = scoped(community_id, Stamp, StampBatch).where(
        StampBatch.id == Stamp.batch_id, Stamp.checkin_id.in_(checkin_ids), Stamp.undone_at.is_(None), Stamp.counts
    )
    return {stamp.checkin_id: Decided(stamp, batch) for stamp, batch in db.session.execute(query)}


def expected_by(checkin: Checkin, activity: Activity) -> datetime | None:
    """Until when the next step is expected: the check-out by the end of the grace, a stamp within working days."""
    if checkin.state == CheckinState.OPEN:
        return evidence.grace_ends(activity)
    if checkin.state not in (CheckinState.PENDING, CheckinState.AWAITING_SECOND):
        return None
    since = max(checkin.received_at, checkin.left_at or checkin.received_at)
    return workdays.end_after(since, STAMPED_WITHIN_WORKDAYS)
