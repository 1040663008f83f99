"""The table of what people ask to have corrected in the community's record of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class About(StrEnum):
    """What is wrong in the record. Numbers have a way of their own (ADR 0016)."""

    NAME = "name"
    PLACE = "place"
    OTHER = "other"


class CorrectionState(StrEnum):
    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    DONE = "done"


class Correction(Base):
    """A member asks for a correction: what is wrong, what should stand there, and what staff answered by `due_at`."""

    __tablename__ = "corrections"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        one_of("about", About),
        one_of("state", CorrectionState),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_with_its_step"),
        CheckConstraint("state <> 'refused' OR answer <> ''", name="refused_with_its_answer"),
        Index("uq_corrections_asked", "community_id", "member_id", "about", unique=True,
              sqlite_where=sql("state = 'asked'"), postgresql_where=sql("state = 'asked'")),
        # Serve: a member's own, and the staff's list, newest first.
        Index("ix_corrections_member", "community_id", "member_id", "id"),
        Index("ix_corrections_state", "community_id", "state", "id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    about: Mapped[str] = mapped_column(text(10))
    wanted: Mapped[str] = mapped_column(text(200))
    note: Mapped[str] = mapped_column(text(300))
    state: Mapped[str] = mapped_column(text(10))
    answer: Mapped[str] = mapped_column(text(300))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
