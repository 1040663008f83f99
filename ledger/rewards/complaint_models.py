"""The tables of what members complain of about goods, and the photos that go with it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text
from ledger.core.sent_photos import SentPhoto


class ComplaintState(StrEnum):
    """`erased`: its member's data was erased before it was closed."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    ERASED = "erased"


class Remedy(StrEnum):
    """What a complaint came to. Points move only by a refund, which comes before the closing."""

    REFUNDED = "refunded"
    REPLACED = "replaced"
    EXPLAINED = "explained"


class Complaint(Base):
    """A member complains of what a redemption brought; it is answered by `due_at`, and closed by the community.

    A redemption has at most one complaint that is not over. `actor_id` is who wrote it: the member or their helper.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        one_of("state", ComplaintState),
        CheckConstraint("outcome IS NULL OR outcome IN ('refunded', 'replaced', 'explained')", name="outcome_known"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_with_its_outcome"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_with_its_time"),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="answered_with_its_time"),
        Index("uq_complaints_open", "community_id", "redemption_id", unique=True,
              sqlite_where=sql("state IN ('open', 'answered')"),
              postgresql_where=sql("state IN ('open', 'answered')")),
        # Serve: a member's own; a shop's; the community's list by state; the photos' and pages' way by redemption.
        Index("ix_complaints_member", "community_id", "member_id", "id"),
        Index("ix_complaints_merchant", "community_id", "merchant_id", "id"),
        Index("ix_complaints_state", "community_id", "state", "id"),
        Index("ix_complaints_redemption", "community_id", "redemption_id", "id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID]
    member_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    words: Mapped[str] = mapped_column(text(500))
    state: Mapped[str] = mapped_column(text(10))
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    answer: Mapped[str] = mapped_column(text(500))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    outcome: Mapped[str | None] = mapped_column(text(10))
    note: Mapped[str] = mapped_column(text(300))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]


class ComplaintPhoto(SentPhoto, Base):
    """A photo that shows what is wrong; the id is its file's. Without a complaint it was sent ahead, gone in a day."""

    __tablename__ = "complaint_photos"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "id"], ["files.community_id", "files.id"]),
        ForeignKeyConstraint(["community_id", "complaint_id"], ["complaints.community_id", "complaints.id"]),
        Index("ix_complaint_photos_complaint", "community_id", "complaint_id"),
    )
    complaint_id: Mapped[UUID | None]
