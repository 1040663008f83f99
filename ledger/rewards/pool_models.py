"""The tables of pooling: what a member lets the household use, and who pays which part of a redemption."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base


class PoolConsent(Base):
    """A member's word beforehand: whoever of the household redeems may use up to `points_at_most` of theirs each time.

    It holds for the household of that day alone, and until `ended_at`. A member has one at a time.
    """

    __tablename__ = "pool_consents"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "household_id"], ["households.community_id", "households.id"]),
        CheckConstraint("points_at_most > 0", name="points_positive"),
        Index("uq_pool_consents_live", "community_id", "member_id", unique=True,
              sqlite_where=sql("ended_at IS NULL"), postgresql_where=sql("ended_at IS NULL")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    household_id: Mapped[UUID]
    points_at_most: Mapped[int]
    agreed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Contribution(Base):
    """What a member of the household pays of a redemption: `part` is the number of its transfer, 2 and up.

    The points are held from `agreed_at` on; without it the redemption cannot be confirmed. `refunded_points` went back.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        CheckConstraint("points > 0 AND refunded_points BETWEEN 0 AND points", name="refund_within_points"),
        CheckConstraint("part BETWEEN 2 AND 15", name="part_known"),
        # Serves: what a member is asked for, and paid together with others.
        Index("ix_contributions_member", "community_id", "member_id", "redemption_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int]
    points: Mapped[int]
    refunded_points: Mapped[int] = mapped_column(default=0)
    agreed_at: Mapped[datetime | None]
