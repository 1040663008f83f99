"""The table of imports."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class ImportState(StrEnum):
    FAULTY = "faulty"  # some row cannot be taken; nothing of it will be
    CHECKED = "checked"  # every row can be taken; nobody has asked for it yet
    AWAITING_SECOND = "awaiting_second"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Import(Base):
    """A file of members, shops or opening balances, read and checked; taken whole by a second person, or not at all.

    `rows` (encrypted) are kept until the import has ended. `faults` name row, column and reason, never a value.
    """

    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("state", ImportState),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_with_its_step"),
        CheckConstraint("state NOT IN ('done', 'declined') OR decided_by <> asked_by", name="two_people"),
        # Serves: what waits for a second person, and what to forget.
        Index("ix_imports_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(text(20))
    state: Mapped[str] = mapped_column(text(20))
    file_name: Mapped[str] = mapped_column(text(120))
    sha256: Mapped[bytes]
    row_count: Mapped[int]
    rows: Mapped[bytes | None]
    faults: Mapped[list[Any]]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(text(300))
