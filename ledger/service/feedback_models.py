"""The tables of daily feedback: what holders of a post say of their part each day, and the photos that go with it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text
from ledger.core.sent_photos import SentPhoto


class Category(StrEnum):
    """What a feedback is about."""

    SAFETY = "safety"
    ENVIRONMENT = "environment"
    NEIGHBOURS = "neighbours"
    ELDERS = "elders"
    FACILITIES = "facilities"
    OTHER = "other"


class FeedbackState(StrEnum):
    GIVEN = "given"
    ANSWERED = "answered"
    EXCUSED = "excused"


class Feedback(Base):
    """One day of one holder in one part: what was given, that there was nothing, or that the day is excused.

    `due_at` is by when staff answer; None where no answer is awaited. `actor_id` gave it, or excused the day.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),
        # Serves the calendar of a holder, too.
        UniqueConstraint("community_id", "member_id", "unit_id", "day"),
        one_of("category", Category),
        one_of("state", FeedbackState),
        CheckConstraint("(category IS NULL) = (is_nothing OR state = 'excused')", name="about_something"),
        CheckConstraint("words = '' OR category IS NOT NULL", name="words_of_something"),
        CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered_with_its_step"),
        CheckConstraint("(state = 'answered') = (answer <> '')", name="answered_with_its_words"),
        # Serve: who is missing on a day; what waits for its answer, most urgent first.
        Index("ix_feedback_day", "community_id", "day"),
        Index("ix_feedback_due", "community_id", "due_at",
              sqlite_where=sql("state = 'given'"), postgresql_where=sql("state = 'given'")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    unit_id: Mapped[UUID]
    day: Mapped[date]
    state: Mapped[str] = mapped_column(text(10))
    category: Mapped[str | None] = mapped_column(text(20))
    words: Mapped[str] = mapped_column(text(1000))
    is_nothing: Mapped[bool]
    actor_id: Mapped[UUID]
    given_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(text(500))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]


class FeedbackPhoto(SentPhoto, Base):
    """A photo of a feedback; the id is its file's. Without a feedback it was sent ahead and is forgotten in a day."""

    __tablename__ = "feedback_photos"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "id"], ["files.community_id", "files.id"]),
        ForeignKeyConstraint(["community_id", "feedback_id"], ["feedback.community_id", "feedback.id"]),
        Index("ix_feedback_photos_feedback", "community_id", "feedback_id"),
    )
    feedback_id: Mapped[UUID | None]
