"""A person's inbox: their notices of every community, unread until they say that they have read them."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, ids, registry, walls
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.exporting import facts_of
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.tenancy import Actor, within
from ledger.people.members import names_of
from ledger.people.models import Notice
from ledger.people.notices import BY, sentence_of


class SeenNotice(NamedTuple):
    """A notice as its person reads it, with the name of who acted ("" where nobody did)."""

    notice: Notice
    by_name: str


@walls.above()
def list_notices(
    actor: Actor,
    *,
    community_id: UUID | None = None,
    unread: bool = False,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[SeenNotice]:
    """What the signed-in person was told, by one community, or by all of them."""
    query = select(Notice).where(_mine(actor, community_id)).limit(limit)
    if unread:
        query = query.where(Notice.read_at.is_(None))
    query = arrange(query, BY_AGE[order], Notice.id, rows=query, after=after)
    return with_names(list(db.session.scalars(query)))


def with_names(notices: list[Notice]) -> list[SeenNotice]:
    """The notices with what those who acted are called now."""
    names: dict[tuple[UUID, UUID], str] = {}
    people: dict[UUID, set[UUID | None]] = {}
    for notice in notices:
        people.setdefault(notice.community_id, set()).add(_by(notice))
    for community_id, person_ids in people.items():
        if person_ids - {None}:
            with walls.inside(community_id):
                found = names_of(community_id, person_ids)
            names |= {(community_id, person_id): name for person_id, name in found.items()}
    return [SeenNotice(notice, _name(notice, names)) for notice in notices]


def _by(notice: Notice) -> UUID | None:
    return ids.parse(str(notice.facts.get(BY, "")))


def _name(notice: Notice, names: dict[tuple[UUID, UUID], str]) -> str:
    person_id = _by(notice)
    return names.get((notice.community_id, person_id), "") if person_id else ""


@walls.above()
def count_unread(actor: Actor, *, community_id: UUID | None = None) -> int:
    """How many notices the person has not read."""
    query = select(func.count()).select_from(Notice).where(_mine(actor, community_id), Notice.read_at.is_(None))
    return int(db.session.scalar(query) or 0)


@walls.above()
@atomic
def read_notice(actor: Actor, notice_id: UUID) -> Notice:
    """The notice is read; the first time counts. NotFound for anybody else's."""
    notice = db.session.scalar(select(Notice).where(_mine(actor, None), Notice.id == notice_id))
    if notice is None:
        raise NotFound
    if notice.read_at is None:
        notice.read_at = clock.now()
        db.session.flush()
        audit.record(actor, "people.read_notice", notice.id)
    return notice


@walls.above()
@atomic
def read_all(actor: Actor, *, community_id: UUID | None = None) -> int:
    """Every notice of the person is read; returns how many were not before."""
    unread = update(Notice).where(_mine(actor, community_id), Notice.read_at.is_(None))
    count = int(db.session.execute(unread.values(read_at=clock.now())).rowcount)  # type: ignore[attr-defined]
    if count:
        audit.record(actor, "people.read_notices", count=count)
    return count


def _mine(actor: Actor, community_id: UUID | None) -> ColumnElement[bool]:
    """SQL: the person's own notices. Identity stands above communities, so the person alone decides."""
    mine: ColumnElement[bool] = Notice.person_id == actor.person_id
    return mine if community_id is None else mine & within(community_id, Notice)


def export_notices(person_id: UUID) -> dict[str, Any]:
    """What the person was told, for the file of their data."""
    rows = db.session.scalars(select(Notice).where(Notice.person_id == person_id).order_by(Notice.id))
    return {"notices": [facts_of(row, "at", "read_at", "kind") | {"sentence": sentence_of(row, "zh")} for row in rows]}


registry.exporters["notices"] = export_notices
