"""The table of vouchers: cards that a member buys with points and uses later."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class VoucherState(StrEnum):
    ISSUED = "issued"
    BLOCKED = "blocked"
    USED = "used"
    EXPIRED = "expired"
    RETURNED = "returned"


OPEN = (VoucherState.ISSUED, VoucherState.BLOCKED)
"""So long the points lie in the shop's voucher account and the fund keeps the money for it."""

DAYS_BEFORE = (7, 1)
"""So many days before the last one its holder is told."""


def distance_told(valid_until: date, day: date) -> int | None:
    """The nearest of these distances that a voucher has come to on this day; None while it is further away."""
    return min((one for one in DAYS_BEFORE if (valid_until - day).days <= one), default=None)


class Voucher(Base):
    """What a member has bought of an offer and not used yet: `quantity` pieces, used together.

    Terms, rate and fund are those of the day it was bought. `transfer_id` is what was paid for it: what comes back,
    whenever, gives back of that. Usable through `valid_until`. `blocked_by` alone, or an admin, lifts a block.
    `end_told` is how near to its last day (7, 1 days) the holder knows of it: told, or bought then; None: not yet.
    """

    __tablename__ = "vouchers"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(
            ["community_id", "offer_id", "offer_version"],
            ["offer_versions.community_id", "offer_versions.offer_id", "offer_versions.version"],
        ),
        ForeignKeyConstraint(
            ["community_id", "agreement_id", "agreement_version"],
            [
                "agreement_versions.community_id",
                "agreement_versions.agreement_id",
                "agreement_versions.version",
            ],
        ),
        ForeignKeyConstraint(["community_id", "transfer_id"], ["transfers.community_id", "transfers.id"]),
        UniqueConstraint("community_id", "number"),
        one_of("state", VoucherState),
        CheckConstraint("quantity > 0 AND points > 0", name="pieces_paid_for"),
        CheckConstraint("gross_fen >= 0", name="gross_not_negative"),
        CheckConstraint("(state IN ('issued', 'blocked')) = (ended_at IS NULL)", name="ended_with_its_time"),
        CheckConstraint("(state = 'blocked') = (blocked_by IS NOT NULL)", name="blocked_by_somebody"),
        # Serve: a member's own list; what a shop still owes; what expires today.
        Index("ix_vouchers_member", "community_id", "member_id", "id"),
        Index("ix_vouchers_merchant", "community_id", "merchant_id", "state", "id"),
        Index("ix_vouchers_state", "community_id", "state", "valid_until"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(text(24))
    member_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    offer_version: Mapped[int]
    agreement_id: Mapped[UUID]
    agreement_version: Mapped[int]
    fund_id: Mapped[UUID]
    quantity: Mapped[int]
    points: Mapped[int]
    gross_fen: Mapped[int]
    valid_until: Mapped[date]
    state: Mapped[str] = mapped_column(text(10))
    transfer_id: Mapped[UUID]
    bought_at: Mapped[datetime]
    blocked_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    end_told: Mapped[int | None]
