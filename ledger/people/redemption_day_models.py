"""The tables of the redemption calendar: a community's weekly day, and the weeks in which it is another one."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class Venue(StrEnum):
    """Where people redeem on the day: at the stall of the community's red station, or in the shops."""

    STATION = "station"
    SHOPS = "shops"


class RedemptionDay(Base):
    """From `starts_on` the community redeems on this day of every week; a version, never changed.

    Of versions that hold on a day the one that starts last counts, and of two with the same start the newer.
    `weekday` is 1 (Monday) … 7; None: from then on there is no such day. Hours are of Asia/Shanghai, `closes`
    exclusive.
    """

    __tablename__ = "redemption_days"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("venue", Venue),
        CheckConstraint("weekday IS NULL OR weekday BETWEEN 1 AND 7", name="weekday_known"),
        CheckConstraint("closes > opens", name="closes_after_opening"),
        # Serves: the versions that hold on a day, the last one first.
        Index("ix_redemption_days_starts", "community_id", "starts_on", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date]
    weekday: Mapped[int | None]
    opens: Mapped[time]
    closes: Mapped[time]
    venue: Mapped[str] = mapped_column(text(10))
    place: Mapped[str] = mapped_column(text(80))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class RedemptionDayChange(Base):
    """The weekly day `day` is held on `moved_to` instead (the day itself: as usual after all), or not at all (None).

    Never changed: the newest change of a day counts.
    """

    __tablename__ = "redemption_day_changes"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        # Serves: the changes of some weeks, the newest of each day last.
        Index("ix_redemption_day_changes_day", "community_id", "day", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    moved_to: Mapped[date | None]
    reason: Mapped[str] = mapped_column(text(100))
    created_at: Mapped[datetime]
    actor_id: Mapped[UUID]
