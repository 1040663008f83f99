"""Who did what, when, for whom: one line a write, kept for ever, refusals included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, insert, or_
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from ledger.core import clock, secrets
from ledger.core.db import Base, db, text
from ledger.core.errors import Forbidden
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import COMMUNITY, reach
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


class AuditLine(Base):
    """One act. `outcome` is "done" or the reason code; `detail` holds ids and figures, never names or phones.

    `origin` is the same for acts from the same network address; the address itself is nowhere.
    """

    __tablename__ = "audit_lines"
    __table_args__ = (
        # Serve: the audit page and a person's own lines, newest first: what they did, and what was done for them.
        Index("ix_audit_lines_actor", "community_id", "actor_id", "id"),
        Index("ix_audit_lines_owner", "community_id", "on_behalf_of", "id"),
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


_lines: Any = AuditLine.__table__


def record(
    actor: Actor | None,
    action: str,
    thing_id: UUID | None = None,
    *,
    outcome: str = "done",
    on_behalf_of: UUID | None = None,
    **detail: Any,
) -> None:
    """Add a line to the present transaction. `actor` None is somebody who has not signed in."""
    line = {
        "community_id": (actor.community_id if actor else None) or NOBODY,
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
    }
    db.session.execute(insert(_lines), [line])


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
DONE = "done"


def list_lines(
    actor: Actor, *, wanted: LineFilter = ALL, before: UUID | None = None, limit: int = 50
) -> list[AuditLine]:
    """The lines the actor may see, newest first: the community's, or what they did themself and what was done for
    them. Raises Forbidden."""
    scopes = reach(actor, "see_audit")
    if not scopes:
        raise Forbidden
    query = scoped(actor.tenant, AuditLine).where(*_conditions(wanted))
    if not any(scope & COMMUNITY for scope in scopes.values()):
        query = query.where(or_(AuditLine.actor_id == actor.person_id, AuditLine.on_behalf_of == actor.person_id))
    if before is not None:
        query = query.where(AuditLine.id < before)
    return list(db.session.scalars(query.order_by(AuditLine.id.desc()).limit(limit)))


def _conditions(wanted: LineFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("actor_id", "on_behalf_of", "thing_id", "outcome"):
        value = getattr(wanted, name)
        if value is not None:
            yield getattr(AuditLine, name) == value
    if wanted.actor_ids is not None:
        yield AuditLine.actor_id.in_(wanted.actor_ids)
    if wanted.action is not None:
        yield AuditLine.action.startswith(wanted.action, autoescape=True)
    if wanted.refused is not None:
        yield AuditLine.outcome != DONE if wanted.refused else AuditLine.outcome == DONE
    if wanted.since is not None:
        yield AuditLine.at >= wanted.since
    if wanted.until is not None:
        yield AuditLine.at < wanted.until
