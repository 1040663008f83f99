"""Service records in the field blocks of MZ/T 061 (志愿服务信息数据元): one row for each stamped visit.

The blocks are volunteer, group, project, training, honours, time, evaluation, certificate. Nothing is held of training
and evaluation: their columns are there and empty (docs/data.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select

from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.permissions import is_of_oneself, reach
from ledger.core.tenancy import Actor, scoped
from ledger.people.list_exports import read_whole
from ledger.people.members import describe_members, is_masked_for
from ledger.people.models import PlaceUnit
from ledger.people.team_models import Team, TeamMember
from ledger.recognition.commendation_models import Commendation, Honour, Nomination
from ledger.recognition.models import Certificate, CertificateState
from ledger.service.models import Activity, CheckinState, Programme
from ledger.service.queue import CheckinView, list_checkins


class Record(NamedTuple):
    """One stamped visit, by the id of its check-in.

    Teams, honours and certificates are the member's of now; those revoked are left out.
    """

    id: UUID
    member_id: UUID
    name: str
    part: str
    teams: tuple[str, ...]
    programme: str
    activity: str
    place: str
    honours: tuple[str, ...]
    arrived_at: datetime
    left_at: datetime | None
    minutes: int
    certificates: tuple[str, ...]


def read_records(
    actor: Actor, *, is_mine: bool = False, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Record]:
    """All of `list_records`. Raises Forbidden, ListTooLong."""
    read = partial(list_records, actor, is_mine=is_mine, since=since, until=until)
    for records in read_whole(read, key=lambda record: record.id):
        yield from records


def list_records(
    actor: Actor,
    *,
    is_mine: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Record]:
    """The stamped visits that the actor may see with their members' names, or only the actor's own; newest first.

    `after` is the last of the page before. Raises Forbidden: who reads masked names takes no records along.
    """
    only_own = is_mine or all(map(is_of_oneself, reach(actor, "see_checkins").values()))
    if is_masked_for(actor) and not only_own:
        raise Forbidden
    if only_own and actor.member_id is None:
        raise Forbidden
    member_id = actor.member_id if only_own else None
    span: dict[str, Any] = {"since": since, "until": until, "after": after, "limit": limit}
    views = list_checkins(actor, status=CheckinState.STAMPED, member_id=member_id, **span)
    return list(_records(actor.tenant, views))


def _records(community_id: UUID, views: Collection[CheckinView]) -> Iterator[Record]:
    recorded = describe_members(community_id, {view.checkin.member_id for view in views})
    standing = {one.id: one.merged_into or one.id for one in recorded.values()}
    members = recorded | describe_members(community_id, set(standing.values()) - recorded.keys())
    of_member = partial(_by_member, {now: now for now in standing.values()} | standing)
    teams, honours, certificates = (of_member(query(community_id)) for query in (_teams, _honours, _certificates))
    programmes = _names(scoped(community_id, Activity.id, Programme.name).where(Programme.id == Activity.programme_id))
    parts = _names(scoped(community_id, PlaceUnit.id, PlaceUnit.name))
    for view in views:
        checkin, member_id = view.checkin, standing[view.checkin.member_id]
        yield Record(
            id=checkin.id,
            member_id=member_id,
            name=members[member_id].name,
            part=parts[members[member_id].unit_id],
            teams=teams(member_id),
            programme=programmes[checkin.activity_id],
            activity=view.activity.name,
            place=view.activity.place,
            honours=honours(member_id),
            arrived_at=checkin.arrived_at,
            left_at=checkin.left_at,
            minutes=view.decided.stamp.minutes if view.decided else 0,
            certificates=certificates(member_id),
        )


def _names(query: Select[Any]) -> dict[UUID, str]:
    return dict(db.session.execute(query).tuples().all())


def _by_member(standing: dict[UUID, UUID], query: Select[Any]) -> Callable[[UUID], tuple[str, ...]]:
    """Words by the member who stands for whoever they were written for."""
    found: dict[UUID, dict[str, None]] = {}
    for member_id, words in db.session.execute(query).tuples():
        found.setdefault(standing.get(member_id, member_id), {})[words] = None
    return lambda member_id: tuple(found.get(member_id, ()))


def _teams(community_id: UUID) -> Select[Any]:
    query = scoped(community_id, TeamMember.member_id, Team.name)
    return query.where(Team.id == TeamMember.team_id, TeamMember.until.is_(None)).order_by(Team.id)


def _honours(community_id: UUID) -> Select[Any]:
    query = scoped(community_id, Nomination.member_id, Commendation.title, Honour)
    query = query.where(
        Honour.nomination_id == Nomination.id,
        Commendation.id == Nomination.commendation_id,
        Nomination.member_id.is_not(None),
        Honour.revoked_at.is_(None),
    )
    return query.with_only_columns(Nomination.member_id, Commendation.title).order_by(Honour.id)


def _certificates(community_id: UUID) -> Select[Any]:
    query = scoped(community_id, Certificate.member_id, Certificate.number)
    return query.where(Certificate.state == CertificateState.ISSUED).order_by(Certificate.id)
