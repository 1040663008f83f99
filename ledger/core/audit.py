"""Who did what, when, for whom: one line a write, kept for ever, refusals included."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, insert
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock
from ledger.core.db import Base, db, text
from ledger.core.errors import Forbidden
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import COMMUNITY, reach
from ledger.core.tenancy import Actor, scoped

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Set by the outer layer for each request, so that a line, a log entry and an answer can be matched."""


class AuditLine(Base):
    """One act. `outcome` is "done" or the reason code; `detail` holds ids and figures, never names or phones."""

    __tablename__ = "audit_lines"
    __table_args__ = (
        # Serves: the audit page and a person's own lines, newest first.
        Index("ix_audit_lines_actor", "community_id", "actor_id", "id"),
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
    }
    db.session.execute(insert(_lines), [line])


def list_lines(actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[AuditLine]:
    """The lines the actor may see, newest first: the community's, or what they did themself. Raises Forbidden."""
    scopes = reach(actor, "see_audit")
    if not scopes:
        raise Forbidden
    query = scoped(actor.tenant, AuditLine)
    if not any(scope & COMMUNITY for scope in scopes.values()):
        query = query.where(AuditLine.actor_id == actor.person_id)
    if before is not None:
        query = query.where(AuditLine.id < before)
    return list(db.session.scalars(query.order_by(AuditLine.id.desc()).limit(limit)))
