"""The tables of paying: a shop's bank accounts, numbered batches, and their lines."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text


class AccountState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    STOPPED = "stopped"


class BankAccount(Base):
    """Where a shop is paid. A row's holder and number never change (another account is another row) and are encrypted.

    In use is the newest approved one whose `usable_from` is over; one that waits or cools down can be stopped.
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        one_of("state", AccountState),
        CheckConstraint("state <> 'approved' OR usable_from IS NOT NULL", name="approved_with_its_day"),
        CheckConstraint("state <> 'approved' OR asked_by <> decided_by", name="two_people"),
        Index("ix_bank_accounts_merchant", "community_id", "merchant_id", "id"),
        Index("uq_bank_accounts_asked", "community_id", "merchant_id", unique=True,
              sqlite_where=sql("state = 'asked'"), postgresql_where=sql("state = 'asked'")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(text(10))
    bank: Mapped[str] = mapped_column(text(80))
    holder_sealed: Mapped[bytes]
    number_sealed: Mapped[bytes]
    last_four: Mapped[str] = mapped_column(text(4))
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    usable_from: Mapped[datetime | None]


class Payout(Base):
    """A numbered batch of approved statements for the bank, frozen when it is made."""

    __tablename__ = "payouts"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        UniqueConstraint("community_id", "number"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(text(30))
    line_count: Mapped[int]
    total_fen: Mapped[int]
    digest: Mapped[bytes]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID]


class PayoutLineState(StrEnum):
    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"


class PayoutLine(Base):
    """One payment of a batch: which statement, to which account, how much, and what the bank said.

    A statement stands in at most one line that waits or was paid. `number` is what the bank gives back.
    """

    __tablename__ = "payout_lines"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "payout_id"], ["payouts.community_id", "payouts.id"]),
        ForeignKeyConstraint(["community_id", "settlement_id"], ["settlements.community_id", "settlements.id"]),
        ForeignKeyConstraint(["community_id", "account_id"], ["bank_accounts.community_id", "bank_accounts.id"]),
        UniqueConstraint("community_id", "payout_id", "position"),
        one_of("state", PayoutLineState),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name="answered_with_its_time"),
        Index("uq_payout_lines_live", "community_id", "settlement_id", unique=True,
              sqlite_where=sql("state <> 'failed'"), postgresql_where=sql("state <> 'failed'")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    payout_id: Mapped[UUID]
    position: Mapped[int]
    number: Mapped[str] = mapped_column(text(40))
    settlement_id: Mapped[UUID]
    merchant_id: Mapped[UUID]
    account_id: Mapped[UUID]
    amount_fen: Mapped[int]
    state: Mapped[str] = mapped_column(text(10))
    reference: Mapped[str | None] = mapped_column(text(80))
    paid_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(text(300))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
