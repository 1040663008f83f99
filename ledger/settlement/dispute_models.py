"""The tables of what shops dispute, what was ruled about it, and the photos that go with it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text
from ledger.core.sent_photos import SentPhoto


class DisputeState(StrEnum):
    RAISED = "raised"
    ANSWERED = "answered"
    DECIDED = "decided"
    APPEALED = "appealed"
    FINAL = "final"
    VOID = "void"


class Favour(StrEnum):
    """Whose side a ruling takes."""

    SHOP = "shop"
    COMMUNITY = "community"


class RulingKind(StrEnum):
    DECISION = "decision"
    CLAWBACK = "clawback"


class Dispute(Base):
    """The shop disputes one line of an issued statement. A line is disputed at most once.

    `line_fen` is what the line says; `held_fen` is by how much less (or more, for a refund) is paid now because of it.
    `due_at` is by when it is decided; undecided it is whose the agreement says. `decided_by` None is the clock.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "settlement_id"], ["settlements.community_id", "settlements.id"]),
        ForeignKeyConstraint(["community_id", "line_id"], ["settlement_lines.community_id", "settlement_lines.id"]),
        UniqueConstraint("community_id", "line_id"),
        one_of("state", DisputeState),
        CheckConstraint("favour IS NULL OR favour IN ('shop', 'community')", name="favour_known"),
        CheckConstraint("(state IN ('raised', 'answered', 'void')) = (decided_at IS NULL)",
                        name="decided_with_its_time"),
        CheckConstraint("(decided_at IS NULL) = (favour IS NULL)", name="decided_with_its_favour"),
        # Serve: the disputes of a statement; a shop's own; the queue by its days.
        Index("ix_disputes_settlement", "community_id", "settlement_id"),
        Index("ix_disputes_merchant", "community_id", "merchant_id", "id"),
        Index("ix_disputes_due", "community_id", "due_at",
              sqlite_where=sql("state IN ('raised', 'answered', 'appealed')"),
              postgresql_where=sql("state IN ('raised', 'answered', 'appealed')")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    settlement_id: Mapped[UUID]
    line_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(text(10))
    reason: Mapped[str] = mapped_column(text(300))
    line_fen: Mapped[int]
    held_fen: Mapped[int]
    raised_at: Mapped[datetime]
    raised_by: Mapped[UUID]
    due_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(text(300))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    favour: Mapped[str | None] = mapped_column(text(10))
    decision: Mapped[str] = mapped_column(text(300))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    appeal: Mapped[str] = mapped_column(text(300))
    appeal_until: Mapped[datetime | None]
    appealed_at: Mapped[datetime | None]
    appealed_by: Mapped[UUID | None]


class Ruling(Base):
    """What changes a later statement: a decision about a dispute, or money taken back of a line that was paid.

    `net_fen` is what the decision's own line says in the open week; `refund_id` is the refund that followed from it,
    which has its line like any other. A ruling is never changed: an appeal makes another one.
    """

    __tablename__ = "rulings"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "line_id"], ["settlement_lines.community_id", "settlement_lines.id"]),
        ForeignKeyConstraint(["community_id", "dispute_id"], ["disputes.community_id", "disputes.id"]),
        ForeignKeyConstraint(["community_id", "refund_id"], ["refunds.community_id", "refunds.id"]),
        UniqueConstraint("community_id", "refund_id"),
        one_of("kind", RulingKind),
        CheckConstraint("favour IN ('shop', 'community')", name="favour_known"),
        CheckConstraint("(kind = 'decision') = (dispute_id IS NOT NULL)", name="decides_a_dispute"),
        # Serve: the rulings of a dispute; those that no statement has yet.
        Index("ix_rulings_dispute", "community_id", "dispute_id"),
        Index("ix_rulings_made", "community_id", "made_at"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(text(10))
    line_id: Mapped[UUID]
    dispute_id: Mapped[UUID | None]
    favour: Mapped[str] = mapped_column(text(10))
    reason: Mapped[str] = mapped_column(text(300))
    net_fen: Mapped[int]
    refund_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class DisputePhoto(SentPhoto, Base):
    """A photo that proves a dispute; the id is its file's. Without a dispute it was sent ahead, forgotten in a day."""

    __tablename__ = "dispute_photos"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "id"], ["files.community_id", "files.id"]),
        ForeignKeyConstraint(["community_id", "dispute_id"], ["disputes.community_id", "disputes.id"]),
        Index("ix_dispute_photos_dispute", "community_id", "dispute_id"),
    )
    dispute_id: Mapped[UUID | None]
