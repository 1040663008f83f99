"""The tables of the books. Nothing outside this room writes them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    column,
    table,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.book.codes import Code, Kind, Unit
from ledger.core.db import Base, one_of, text
from ledger.core.money import MAX_AMOUNT


class Account(Base):
    """An account. Its id is derived from (community, kind, unit, owner): see docs/adr."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("community_id", "kind", "unit", "owner_id"),
        # A transfer refers to its accounts together with their unit: units cannot mix.
        UniqueConstraint("community_id", "id", "unit"),
        one_of("kind", Kind),
        one_of("unit", Unit),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(text(20))
    unit: Mapped[str] = mapped_column(text(10))
    owner_id: Mapped[UUID]
    opened_at: Mapped[datetime]


class Balance(Base):
    """The stored balance of an account whose kind is STORED, in one row or in slots.

    Written by the one writer only, in the transaction of the transfer or hold. `earned` and `spent` are lifetime
    figures of a wallet (awards less what was taken back from it; what was spent less what came back).
    """

    __tablename__ = "balances"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("NOT limited OR balance >= held", name="limit_kept"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, default=0)
    limited: Mapped[bool]
    balance: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    earned: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)


class Transfer(Base):
    """One immutable movement. Both accounts have the transfer's unit, so an unbalanced entry cannot be written.

    `effective_at` is the business time (≤ recorded_at), `recorded_at` when the row was written. `actor_id` did it,
    `on_behalf_of` names the person it was done for when that is somebody else.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_id", "debit_account_id", "unit"],
            ["accounts.community_id", "accounts.id", "accounts.unit"],
        ),
        ForeignKeyConstraint(
            ["community_id", "credit_account_id", "unit"],
            ["accounts.community_id", "accounts.id", "accounts.unit"],
        ),
        ForeignKeyConstraint(["community_id", "reverses_id"], ["transfers.community_id", "transfers.id"]),
        UniqueConstraint("community_id", "code", "source_type", "source_id", "part", name="uq_transfers_source"),
        CheckConstraint(f"amount > 0 AND amount <= {MAX_AMOUNT}", name="amount_in_range"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        one_of("unit", Unit),
        one_of("code", Code),
        # Serve: the statement and balance of an account, newest first, from either side.
        Index("ix_transfers_debit", "community_id", "debit_account_id", "id"),
        Index("ix_transfers_credit", "community_id", "credit_account_id", "id"),
        # Serves: how much of a transfer has been reversed.
        Index("ix_transfers_reverses", "community_id", "reverses_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(text(20))
    unit: Mapped[str] = mapped_column(text(10))
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount: Mapped[int]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    source_type: Mapped[str] = mapped_column(text(30))
    source_id: Mapped[UUID]
    part: Mapped[int]
    source_digest: Mapped[bytes]
    reverses_id: Mapped[UUID | None]
    actor_id: Mapped[UUID]
    on_behalf_of: Mapped[UUID | None]
    expires_on: Mapped[date | None]


class HoldState(StrEnum):
    PLACED = "placed"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class Hold(Base):
    """An amount of a limited account set aside for one source. While placed it is part of the balance's `held`."""

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        UniqueConstraint("community_id", "source_type", "source_id", "account_id"),
        CheckConstraint(f"amount > 0 AND amount <= {MAX_AMOUNT}", name="amount_in_range"),
        one_of("state", HoldState),
        # Serves: the live holds of a wallet, and the sweeper's search for overdue ones.
        Index("ix_holds_live", "community_id", "state", "account_id", "expires_at"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    slot: Mapped[int]
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(text(10))
    source_type: Mapped[str] = mapped_column(text(30))
    source_id: Mapped[UUID]
    actor_id: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Draw(Base):
    """Which expiring cohort a debit or hold took its points from; immutable. Written where points expire."""

    __tablename__ = "draws"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        CheckConstraint("(transfer_id IS NULL) <> (hold_id IS NULL)", name="one_taker"),
        CheckConstraint("amount > 0", name="amount_positive"),
        # Serves: what is left of each cohort of a wallet.
        Index("ix_draws_account", "community_id", "account_id", "expires_on"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    transfer_id: Mapped[UUID | None]
    hold_id: Mapped[UUID | None]
    expires_on: Mapped[date | None]
    amount: Mapped[int]


entries = table(
    "entries",
    column("community_id", Uuid()),
    column("transfer_id", Uuid()),
    column("account_id", Uuid()),
    column("code", text(20)),
    column("unit", text(10)),
    column("amount", BigInteger()),
)
"""The view that shows both sides of every transfer: a credit as amount, a debit as -amount."""
