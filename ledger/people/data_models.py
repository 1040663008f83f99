"""The tables of a person's rights over their data: files of it, and requests to erase it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class DataExport(Base):
    """Everything the house knows of a person, as a file: encrypted, for that person only, erased after seven days."""

    __tablename__ = "data_exports"
    __table_args__ = (
        CheckConstraint("(content IS NULL) = (erased_at IS NOT NULL)", name="erased_whole"),
        # Serves: a person's own files, newest first.
        Index("ix_data_exports_person", "person_id", "id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    content: Mapped[bytes | None]
    sha256: Mapped[bytes]
    size: Mapped[int]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    downloaded_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class ErasureState(StrEnum):
    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    DONE = "done"


class Ground(StrEnum):
    """Why an erasure is refused: nothing else is a reason."""

    UNSETTLED_DEBT = "unsettled_debt"
    OPEN_DISPUTE = "open_dispute"
    STATUTORY_RETENTION = "statutory_retention"


class Erasure(Base):
    """A person asks to be forgotten. Withdrawn until it is done; done, or refused with its ground, by `due_at`.

    `retained_until` is the last day on which a law wants the data kept; `points` went to the pot.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        one_of("state", ErasureState),
        CheckConstraint("ground IN ('unsettled_debt', 'open_dispute', 'statutory_retention')", name="ground_known"),
        CheckConstraint("(state = 'refused') = (ground IS NOT NULL)", name="refused_with_its_ground"),
        CheckConstraint(
            "(retained_until IS NOT NULL) = (ground IS NOT NULL AND ground = 'statutory_retention')",
            name="retained_by_law",
        ),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_with_its_step"),
        Index("uq_erasures_asked", "person_id", unique=True, sqlite_where=sql("state = 'asked'"),
              postgresql_where=sql("state = 'asked'")),
        # Serves: a person's own requests; what the clock has to carry out.
        Index("ix_erasures_person", "person_id", "id"),
        Index("ix_erasures_state", "state", "erasable_at"),
    )  # fmt: skip
    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    state: Mapped[str] = mapped_column(text(10))
    ground: Mapped[str | None] = mapped_column(text(20))
    retained_until: Mapped[date | None]
    points: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    erasable_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
