"""The tables of the community pot: what members give to it, and what it was used for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text
from ledger.core.money import MAX_AMOUNT


class DonationState(StrEnum):
    GIVEN = "given"
    UNDONE = "undone"


class PotUseState(StrEnum):
    AWAITING_SECOND = "awaiting_second"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Donation(Base):
    """Points that a member gave to the community pot, with what they are meant for (may be empty)."""

    __tablename__ = "donations"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "transfer_id"], ["transfers.community_id", "transfers.id"]),
        UniqueConstraint("community_id", "receipt_number"),
        one_of("state", DonationState),
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint("(state = 'undone') = (undone_at IS NOT NULL)", name="undone_with_its_time"),
        # Serve: a member's own list; what can still be taken back.
        Index("ix_donations_member", "community_id", "member_id", "id"),
        Index("ix_donations_given", "community_id", "given_at"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    points: Mapped[int]
    purpose: Mapped[str] = mapped_column(text(100))
    state: Mapped[str] = mapped_column(text(10))
    receipt_number: Mapped[str] = mapped_column(text(24))
    transfer_id: Mapped[UUID]
    given_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class PotUse(Base):
    """A use of points of the pot: asked by one person, done, declined or withdrawn by a second step.

    `words` are what every member reads once it is done.
    """

    __tablename__ = "pot_uses"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("state", PotUseState),
        CheckConstraint(f"points > 0 AND points <= {MAX_AMOUNT}", name="points_in_range"),
        CheckConstraint(
            "(state = 'awaiting_second') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided_with_its_step",
        ),
        CheckConstraint("state NOT IN ('done', 'declined') OR decided_by <> asked_by", name="two_people"),
        # Serves: what was done, and what waits, newest first.
        Index("ix_pot_uses_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    points: Mapped[int]
    words: Mapped[str] = mapped_column(text(300))
    state: Mapped[str] = mapped_column(text(20))
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
