"""Events of a community, written in the transaction that caused them; delivery comes after commit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Index, Table, insert
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock
from ledger.core.db import Base, db, text
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor


class OutboxEvent(Base):
    """One thing that happened. The payload holds ids and figures only."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        # Serves: the delivery of what has not been delivered, oldest first.
        Index("ix_outbox_events_waiting", "community_id", "delivered_at", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(text(60))
    payload: Mapped[dict[str, Any]]
    delivered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


_INSERT = insert(cast(Table, OutboxEvent.__table__))


def announce(actor: Actor, kind: str, **payload: Any) -> None:
    """Add an event to the present transaction; `kind` is past tense with its room: "redemption.confirmed"."""
    announce_all(actor, kind, [payload])


def announce_all(actor: Actor, kind: str, payloads: list[dict[str, Any]]) -> None:
    """One event for each payload, in one statement."""
    if not payloads:
        return
    at = clock.now()
    rows = [
        {
            "community_id": actor.tenant,
            "id": new_id(),
            "at": at,
            "kind": kind,
            "payload": payload,
            "attempts": 0,
        }
        for payload in payloads
    ]
    db.session.execute(_INSERT, rows)
