"""The tables of numbered slips, with which a shop redeems while it is offline."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock
from ledger.core.db import Base, text

GOOD_FOR = timedelta(days=30)
"""So long after its printing a slip is filled in: what lies about longer may be in anybody's hands."""


class SlipPad(Base):
    """Slips that were printed for a branch: `cap_points` each, entered within `days` of the day that stands on it.

    Both are the agreement's of that day, for good.
    """

    __tablename__ = "slip_pads"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "agreement_id"], ["agreements.community_id", "agreements.id"]),
        CheckConstraint("cap_points > 0 AND days > 0", name="terms_positive"),
        # Serves: the pads of a shop, the newest first.
        Index("ix_slip_pads_merchant", "community_id", "merchant_id", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    branch_id: Mapped[UUID]
    agreement_id: Mapped[UUID]
    cap_points: Mapped[int]
    days: Mapped[int]
    printed_at: Mapped[datetime]
    actor_id: Mapped[UUID]

    @property
    def last_day(self) -> date:
        """The last day that may stand on one of its slips."""
        return clock.local_day(self.printed_at) + GOOD_FOR


class Slip(Base):
    """One number. Entered once it names a redemption; entered again only when that one was cancelled or expired.

    `filled_on` is the day that stands on it; `checked_by` is who accepted it for the community, None where the member
    confirmed.
    """

    __tablename__ = "slips"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "pad_id"], ["slip_pads.community_id", "slip_pads.id"]),
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        UniqueConstraint("community_id", "number"),
        UniqueConstraint("community_id", "redemption_id"),
        CheckConstraint("(redemption_id IS NULL) = (entered_at IS NULL)", name="entered_with_its_time"),
        CheckConstraint("(redemption_id IS NULL) = (filled_on IS NULL)", name="entered_with_its_day"),
        CheckConstraint("checked_by IS NULL OR checked_by <> entered_by", name="two_people"),
        # Serves: the slips of a pad; those that wait.
        Index("ix_slips_pad", "community_id", "pad_id", "number"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pad_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(text(12))
    redemption_id: Mapped[UUID | None]
    filled_on: Mapped[date | None]
    entered_at: Mapped[datetime | None]
    entered_by: Mapped[UUID | None]
    checked_by: Mapped[UUID | None]
