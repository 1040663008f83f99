"""The tables of what the detectors found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class FlagKind(StrEnum):
    """What looks odd; each is explained in `explaining` and measured in `detectors`."""

    RING = "ring"
    SHOP_SHARE = "shop_share"
    ROUND_TRIP = "round_trip"
    AFTER_HOURS = "after_hours"
    SHARED_DEVICE = "shared_device"
    SHARED_HELPER = "shared_helper"
    BURST = "burst"


class FlagState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    RELEASED = "released"


class Flag(Base):
    """Something odd about a shop, or a member at a shop, that the treasurer decides by `due_at`; else the clock does.

    `subject` says what the kind is about, with its week, so that the same is flagged once. `facts` are figures,
    never names.
    """

    __tablename__ = "flags"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        UniqueConstraint("community_id", "kind", "subject"),
        one_of("kind", FlagKind),
        one_of("state", FlagState),
        CheckConstraint("(state IN ('confirmed', 'dismissed')) = (decided_by IS NOT NULL)", name="decided_by_somebody"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_with_its_time"),
        # Serve: the lists by state; what is about a member.
        Index("ix_flags_state", "community_id", "state", "id"),
        Index("ix_flags_member", "community_id", "member_id",
              sqlite_where=sql("member_id IS NOT NULL"), postgresql_where=sql("member_id IS NOT NULL")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(text(20))
    subject: Mapped[str] = mapped_column(text(120))
    member_id: Mapped[UUID | None]
    merchant_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(text(10))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(text(300))


class FlaggedRedemption(Base):
    """A redemption that a flag is about. It waits until `held_until`, fourteen days after its first flag at most."""

    __tablename__ = "flagged_redemptions"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "flag_id"], ["flags.community_id", "flags.id"]),
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        # Serves: what waits at a close, and whether a redemption was flagged before.
        Index("ix_flagged_redemptions_redemption", "community_id", "redemption_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    flag_id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    held_until: Mapped[datetime]
