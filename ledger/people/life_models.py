"""The tables of what happens to people: accounts merged, deaths, numbers that changed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class MergeState(StrEnum):
    AWAITING_SECOND = "awaiting_second"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    AWAITING_UNDO = "awaiting_undo"
    UNDONE = "undone"


LIVE_MERGES = (MergeState.AWAITING_SECOND, MergeState.DONE, MergeState.AWAITING_UNDO)
"""A member is in at most one of these as the one that goes away."""


class Merge(Base):
    """Two members of one person become one: asked by one of the staff, decided by another; taken apart the same way.

    `from_id` goes away into `into_id`. `points`, `debt` and `minutes` are what moved, `moved` the ids of roles, posts
    and counter posts that ended and that were given instead.
    """

    __tablename__ = "merges"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "from_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "into_id"], ["members.community_id", "members.id"]),
        CheckConstraint("from_id <> into_id", name="two_members"),
        CheckConstraint("state = 'withdrawn' OR decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
        CheckConstraint("undone_by IS NULL OR undone_by <> undo_asked_by", name="two_people_undo"),
        one_of("state", MergeState),
        # One live merge for whoever goes away; serves: what became of a member.
        Index(
            "uq_merges_live",
            "community_id",
            "from_id",
            unique=True,
            sqlite_where=sql("state IN ('awaiting_second', 'done', 'awaiting_undo')"),
            postgresql_where=sql("state IN ('awaiting_second', 'done', 'awaiting_undo')"),
        ),
        Index("ix_merges_into", "community_id", "into_id"),
        Index("ix_merges_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    from_id: Mapped[UUID]
    into_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(text(20))
    reason: Mapped[str] = mapped_column(text(300))
    note: Mapped[str] = mapped_column(text(300), default="")
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    points: Mapped[int] = mapped_column(default=0)
    debt: Mapped[int] = mapped_column(default=0)
    minutes: Mapped[int] = mapped_column(default=0)
    moved: Mapped[dict[str, Any]]
    undo_reason: Mapped[str] = mapped_column(text(300), default="")
    undo_asked_by: Mapped[UUID | None]
    undo_asked_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]


class DeathState(StrEnum):
    AWAITING_SECOND = "awaiting_second"
    RECORDED = "recorded"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    UNDONE = "undone"


class Death(Base):
    """A member died: recorded by one of the staff, confirmed by another. The wallet is frozen meanwhile.

    `heir_id` is the relative (a member) who receives the flowers when it is closed; without one they go to the pot
    after `heirs_until`. `points` is what was left then.
    """

    __tablename__ = "deaths"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "heir_id"], ["members.community_id", "members.id"]),
        CheckConstraint("state = 'withdrawn' OR decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
        one_of("state", DeathState),
        Index(
            "uq_deaths_live",
            "community_id",
            "member_id",
            unique=True,
            sqlite_where=sql("state IN ('awaiting_second', 'recorded', 'closed')"),
            postgresql_where=sql("state IN ('awaiting_second', 'recorded', 'closed')"),
        ),
        Index("ix_deaths_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    heir_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(text(20))
    died_on: Mapped[date]
    note: Mapped[str] = mapped_column(text(300), default="")
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    heirs_until: Mapped[date | None]
    points: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]


class Handover(Base):
    """Somebody left the staff; what they had begun is `to_id`'s to see through (None: nobody's yet)."""

    __tablename__ = "handovers"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "from_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "to_id"], ["members.community_id", "members.id"]),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    from_id: Mapped[UUID]
    to_id: Mapped[UUID | None]
    actor_id: Mapped[UUID]
    at: Mapped[datetime]


class NumberWay(StrEnum):
    """How a number came to be another one."""

    OWN = "own"
    STAFF = "staff"
    RECYCLED = "recycled"
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class NumberChange(Base):
    """What happened to a person's number, by whom. Ids only: the numbers themselves stand with the phones."""

    __tablename__ = "number_changes"
    __table_args__ = (
        one_of("way", NumberWay),
        # Serves: a person's history of numbers.
        Index("ix_number_changes_person", "person_id", "id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    way: Mapped[str] = mapped_column(text(10))
    actor_id: Mapped[UUID]
    at: Mapped[datetime]
