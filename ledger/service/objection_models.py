"""The table of what members object to in the record of their visits."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class Grievance(StrEnum):
    """What the member holds to be wrong about a visit."""

    MINUTES = "minutes"
    POINTS = "points"
    RETURNED = "returned"
    VOID = "void"
    WAITING = "waiting"
    OTHER = "other"


class ObjectionState(StrEnum):
    ASKED = "asked"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    """What the answer says of the record: it stays, or the stamp was put right by its own verbs."""

    KEPT = "kept"
    CHANGED = "changed"


class Objection(Base):
    """A member objects to the record of one visit; staff answer by `due_at`. A visit has at most one open objection.

    Whose part it lies in is the visit's: it has no place of its own.
    """

    __tablename__ = "objections"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "checkin_id"], ["checkins.community_id", "checkins.id"]),
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        one_of("reason", Grievance),
        one_of("state", ObjectionState),
        CheckConstraint("outcome IS NULL OR outcome IN ('kept', 'changed')", name="outcome_known"),
        CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered_with_its_time"),
        CheckConstraint("(state = 'answered') = (answered_by IS NOT NULL)", name="answered_by_somebody"),
        CheckConstraint("(state = 'answered') = (outcome IS NOT NULL)", name="answered_with_its_outcome"),
        CheckConstraint("(state = 'answered') = (answer <> '')", name="answered_in_words"),
        Index("uq_objections_asked", "community_id", "checkin_id", unique=True,
              sqlite_where=sql("state = 'asked'"), postgresql_where=sql("state = 'asked'")),
        # Serve: the objections of a visit; a member's own; the staff's list, oldest or newest first.
        Index("ix_objections_checkin", "community_id", "checkin_id", "id"),
        Index("ix_objections_member", "community_id", "member_id", "id"),
        Index("ix_objections_state", "community_id", "state", "id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    checkin_id: Mapped[UUID]
    member_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(text(10))
    words: Mapped[str] = mapped_column(text(300))
    state: Mapped[str] = mapped_column(text(10))
    outcome: Mapped[str | None] = mapped_column(text(10))
    answer: Mapped[str] = mapped_column(text(300))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
