"""The tables of webhooks: where events are sent, each attempt, and what could not be delivered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text

LONGEST_URL = 500


class WebhookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class PausedFor(StrEnum):
    """Why it rests: somebody paused it, it failed for days, or the other side said that it is gone (410)."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"


class LetterState(StrEnum):
    """Of an event that could not be delivered in its turn: given up, to be sent again, delivered after all."""

    DEAD = "dead"
    AGAIN = "again"
    DELIVERED = "delivered"


class Webhook(Base):
    """An address that the community's events are sent to, in their order. `position`: up to which they were settled.

    `failures` are the vain attempts of the event whose turn it is; `failing_since`: the first since the last success.
    Until `busy_until` one process is at it.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        one_of("state", WebhookState),
        CheckConstraint("(state = 'paused') = (paused_for IS NOT NULL)", name="paused_for_a_reason"),
        CheckConstraint("(former_sealed IS NULL) = (former_until IS NULL)", name="former_until"),
        CheckConstraint("failures >= 0 AND position >= 0", name="counts"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(text(LONGEST_URL))
    purpose: Mapped[str] = mapped_column(text(80))
    things: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(text(10))
    paused_for: Mapped[str | None] = mapped_column(text(10))
    secret_sealed: Mapped[bytes]
    former_sealed: Mapped[bytes | None]
    former_until: Mapped[datetime | None]
    position: Mapped[int]
    failures: Mapped[int]
    failing_since: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    busy_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]


class Attempt(Base):
    """One call to a webhook, for one event: how it ended. Nothing of what the other side said is kept."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "webhook_id"], ["webhooks.community_id", "webhooks.id"]),
        # Serves: a webhook's attempts, newest first.
        Index("ix_webhook_attempts_webhook", "community_id", "webhook_id", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID]
    event_id: Mapped[UUID]
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(text(60))
    at: Mapped[datetime]
    is_taken: Mapped[bool]
    status: Mapped[int | None]
    fault: Mapped[str] = mapped_column(text(20))
    took_ms: Mapped[int]


class Letter(Base):
    """An event that a webhook did not take in its turn, and that held up no other."""

    __tablename__ = "webhook_letters"
    __table_args__ = (
        one_of("state", LetterState),
        ForeignKeyConstraint(["community_id", "webhook_id"], ["webhooks.community_id", "webhooks.id"]),
        # Serves: one letter for each event, and a webhook's letters in their order.
        Index("ix_webhook_letters_webhook", "community_id", "webhook_id", "position", unique=True),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID]
    event_id: Mapped[UUID]
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(text(60))
    state: Mapped[str] = mapped_column(text(10))
    at: Mapped[datetime]
