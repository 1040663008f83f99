"""Who did what, when, for whom: one line a write, kept for ever, refusals included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Select, func, literal_column, or_, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from ledger.core import clock, secrets, walls
from ledger.core.db import Base, atomic, begins, db, text
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import NOBODY, first_id_at, new_id
from ledger.core.last_writes import insert_last, values_for, write_last
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import reach, reaches_all_by_name
from ledger.core.tenancy import Actor, scoped

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Set by the outer layer for each request, so that a line, a log entry and an answer can be matched."""


origin: ContextVar[str | None] = ContextVar("origin", default=None)
"""Set by the outer layer: where the request came from, as `origin_of` says it."""


def origin_of(address: str) -> str:
    """Twelve hex digits that tell network addresses apart and name none."""
    return secrets.blind_index(address, "addresses").hex()[:12]


def forget_request() -> None:
    """What the same thread does after a request is not the request's."""
    request_id.set("")
    origin.set(None)


DONE = "done"
REFUSED = f"outcome <> '{DONE}'"


class AuditLine(Base):
    """One act. `outcome` is "done" or the reason code; `detail` holds ids and figures, never names or phones.

    `origin` is the same for acts from the same network address; the address itself is nowhere. `session_id` is the
    sign-in or token that was used: what its device is called is known as long as its row is kept.
    """

    __tablename__ = "audit_lines"
    __table_args__ = (
        # Serve: the audit page and a person's own lines, newest first: what they did, and what was done for them.
        Index("ix_audit_lines_actor", "community_id", "actor_id", "id"),
        Index("ix_audit_lines_owner", "community_id", "on_behalf_of", "id"),
        # Serve the filters of the page: by act (also by how it begins), by thing, and what was refused.
        Index(
            "ix_audit_lines_action", "community_id", "action", "id", postgresql_ops={"action": "varchar_pattern_ops"}
        ),
        Index("ix_audit_lines_thing", "community_id", "thing_id", "id"),
        Index(
            "ix_audit_lines_refused",
            "community_id",
            "outcome",
            "id",
            sqlite_where=sql(REFUSED),
            postgresql_where=sql(REFUSED),
        ),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID]
    on_behalf_of: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(text(60))
    thing_id: Mapped[UUID | None]
    outcome: Mapped[str] = mapped_column(text(60))
    request_id: Mapped[str] = mapped_column(text(64))
    detail: Mapped[dict[str, Any]]
    origin: Mapped[str | None] = mapped_column(text(16))
    session_id: Mapped[UUID | None]


_INSERT = insert_last(AuditLine.__table__)


def record(
    actor: Actor | None,
    action: str,
    thing_id: UUID | None = None,
    *,
    outcome: str = DONE,
    on_behalf_of: UUID | None = None,
    **detail: Any,
) -> None:
    """Add a line to the present transaction. `actor` None is somebody who has not signed in."""
    community_id = (actor.community_id if actor else None) or NOBODY
    line = {
        "community_id": community_id,
        "id": new_id(),
        "at": clock.now(),
        "actor_id": actor.person_id if actor else NOBODY,
        "on_behalf_of": on_behalf_of,
        "action": action,
        "thing_id": thing_id,
        "outcome": outcome,
        "request_id": request_id.get(),
        "detail": detail,
        "origin": origin.get(),
        "session_id": actor.session_id if actor else None,
    }
    write_last(_INSERT, community_id, values_for(AuditLine.__table__, line))


@atomic
def record_reading(actor: Actor, action: str, thing_id: UUID | None = None, *, of: UUID | None = None) -> None:
    """That the actor read what is personal of somebody else (`of`; None: of several) has its line.

    The one place for readings. Who reads what is their own leaves none.
    """
    if not (of is not None and actor.is_person(of)):
        record(actor, action, thing_id, on_behalf_of=of)


MISSES = 20
MISSES_MINUTES = 10
"""So many readings of what is not there have their line in so many minutes, person by person; the last one says so."""


@atomic
def record_miss(actor: Actor, action: str, thing_id: UUID) -> None:
    """Who reads another's thing, or none at all, by its id leaves a line; who tries many, a bounded number."""
    since = first_id_at(clock.now() - timedelta(minutes=MISSES_MINUTES))
    community_id = actor.community_id or NOBODY
    lately = scoped(community_id, AuditLine.id).where(
        _is_refused(),
        AuditLine.outcome == NotFound.code,
        AuditLine.actor_id == actor.person_id,
        AuditLine.id >= since,
    )
    with walls.inside(community_id):
        count = db.session.scalar(select(func.count()).select_from(lately.limit(MISSES).subquery())) or 0
    if count < MISSES:
        last: dict[str, Any] = {"further_ones_unrecorded": True} if count == MISSES - 1 else {}
        record(actor, action, thing_id, outcome=NotFound.code, **last)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which lines are wanted; None sets no condition. `since` ≤ at < `until`; `action` is how it begins ("people.").

    `refused` True is everything that was refused, False everything that was done.
    """

    actor_id: UUID | None = None
    actor_ids: Collection[UUID] | None = None
    on_behalf_of: UUID | None = None
    action: str | None = None
    thing_id: UUID | None = None
    outcome: str | None = None
    refused: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = LineFilter()

SLACK = timedelta(minutes=1)
"""Between the time in a line's id and the time that it names."""


def list_lines(
    actor: Actor, *, wanted: LineFilter = ALL, order: Age = Age.NEWEST, after: UUID | None = None, limit: int = 50
) -> list[AuditLine]:
    """The lines the actor may see: the community's, or what they did themself and what was done for
    them. Raises Forbidden."""
    scopes = reach(actor, "see_audit")
    if not scopes:
        raise Forbidden
    query = lines_of(actor.tenant, wanted)
    if not reaches_all_by_name(scopes):
        query = query.where(or_(AuditLine.actor_id == actor.person_id, AuditLine.on_behalf_of == actor.person_id))
    query = arrange(query, BY_AGE[order], AuditLine.id, rows=query, after=after)
    return list(db.session.scalars(query.limit(limit)))


def lines_of(community_id: UUID, wanted: LineFilter) -> Select[Any]:
    """The query of the lines that are wanted, each filter with its index."""
    query = scoped(community_id, AuditLine).where(*_conditions(wanted))
    if wanted.refused or wanted.outcome not in (None, DONE):
        query = query.where(_is_refused())
    return query


def _conditions(wanted: LineFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("actor_id", "on_behalf_of", "thing_id"):
        value = getattr(wanted, name)
        if value is not None:
            yield getattr(AuditLine, name) == value
    if wanted.actor_ids is not None:
        yield AuditLine.actor_id.in_(wanted.actor_ids)
    if wanted.action is not None:
        yield begins(AuditLine.action, wanted.action)
    if wanted.outcome is not None:
        yield AuditLine.outcome == wanted.outcome
    if wanted.refused is False:
        yield AuditLine.outcome == DONE
    if wanted.since is not None:
        yield from (AuditLine.at >= wanted.since, AuditLine.id >= first_id_at(wanted.since - SLACK))
    if wanted.until is not None:
        yield from (AuditLine.at < wanted.until, AuditLine.id < first_id_at(wanted.until + SLACK))


def _is_refused() -> ColumnElement[bool]:
    """Said in the words of the index, for SQLite knows it by them."""
    return AuditLine.outcome != literal_column(f"'{DONE}'")
