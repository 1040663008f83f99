"""The tables of the paper cards."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text

_ISSUED = "state = 'issued'"


class CardState(StrEnum):
    """A card is blank until it is handed out; only an issued one opens anything. The last three are for ever."""

    BLANK = "blank"
    ISSUED = "issued"
    LOST = "lost"
    REPLACED = "replaced"
    VOID = "void"


class CardSheet(Base):
    """Cards that were made and are printed together. It belongs to the staff of its unit."""

    __tablename__ = "card_sheets"
    __table_args__ = (ForeignKeyConstraint(["community_id", "unit_id"], ["units.community_id", "units.id"]),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    made_at: Mapped[datetime]
    actor_id: Mapped[UUID]


class Card(Base):
    """A paper card. Its code is found by `code_index` (keyed) and printed again from `sealed` (encrypted).

    A blank card with a member was made for them. The PIN is a keyed hash over a salt of its own; `pin_tries` are the
    wrong ones since the last right one.
    """

    __tablename__ = "cards"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "member_id"], ["members.community_id", "members.id"]),
        ForeignKeyConstraint(["community_id", "sheet_id"], ["card_sheets.community_id", "card_sheets.id"]),
        UniqueConstraint("community_id", "code_index"),
        one_of("state", CardState),
        CheckConstraint("state NOT IN ('issued', 'lost', 'replaced') OR member_id IS NOT NULL", name="held_by_member"),
        CheckConstraint(
            "state <> 'issued' OR (pin_hash IS NOT NULL AND issued_at IS NOT NULL)", name="issued_with_pin"
        ),
        CheckConstraint("(state IN ('blank', 'issued')) = (ended_at IS NULL)", name="ended_with_its_step"),
        # One live card a member.
        Index("uq_cards_issued", "community_id", "member_id", unique=True,
              sqlite_where=sql(_ISSUED), postgresql_where=sql(_ISSUED)),
        # Serve: a member's cards; the cards of a sheet.
        Index("ix_cards_member", "community_id", "member_id", "id"),
        Index("ix_cards_sheet", "community_id", "sheet_id", "id"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sheet_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    code_index: Mapped[bytes]
    sealed: Mapped[bytes]
    state: Mapped[str] = mapped_column(text(10))
    pin_salt: Mapped[bytes | None]
    pin_hash: Mapped[bytes | None]
    pin_tries: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    actor_id: Mapped[UUID]


class CardTry(Base):
    """An unknown card code or a wrong PIN that somebody tried; counted to stop guessing."""

    __tablename__ = "card_tries"
    __table_args__ = (Index("ix_card_tries_actor", "community_id", "actor_id", "at"),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID]
    card_id: Mapped[UUID | None]
    at: Mapped[datetime]
