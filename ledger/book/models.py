"""The tables of the books. Nothing outside this room writes them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text
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
    figures of a wallet (awards less what was taken back from it; what was spent less what came back). `dated` is what
    is left in the wallet's cohorts: where it is 0, nobody has to look for them.
    """

    __tablename__ = "balances"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("NOT limited OR balance >= held", name="limit_kept"),
        CheckConstraint("dated >= 0", name="dated_not_negative"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, default=0)
    limited: Mapped[bool]
    balance: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    earned: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    dated: Mapped[int] = mapped_column(default=0)


class Transfer(Base):
    """One immutable movement. Both accounts have the transfer's unit, so an unbalanced entry cannot be written.

    `effective_at` is the business time (≤ recorded_at), `recorded_at` when the row was written. `actor_id` did it,
    `on_behalf_of` names the person it was done for when that is somebody else. `request_digest` names the remembered
    key of the request that wrote it (None: no key, as the clock's own work).
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
        # Serve: the statement of an account in its business order, and what lies above its rollups, from either side.
        Index("ix_transfers_debit", "community_id", "debit_account_id", "effective_at", "id"),
        Index("ix_transfers_credit", "community_id", "credit_account_id", "effective_at", "id"),
        # Serve: what became known of an account after a statement was made, of the time that it tells about.
        Index(
            "ix_transfers_backdated_debit",
            "community_id",
            "debit_account_id",
            "recorded_at",
            sqlite_where=sql_text("effective_at < recorded_at"),
            postgresql_where=sql_text("effective_at < recorded_at"),
        ),
        Index(
            "ix_transfers_backdated_credit",
            "community_id",
            "credit_account_id",
            "recorded_at",
            sqlite_where=sql_text("effective_at < recorded_at"),
            postgresql_where=sql_text("effective_at < recorded_at"),
        ),
        # Serves: what expires with an award, now and at a past moment.
        Index(
            "ix_transfers_expiring",
            "community_id",
            "credit_account_id",
            "expires_on",
            sqlite_where=sql_text("expires_on IS NOT NULL"),
            postgresql_where=sql_text("expires_on IS NOT NULL"),
        ),
        # Serves: how much of a transfer has been reversed.
        Index(
            "ix_transfers_reverses",
            "community_id",
            "reverses_id",
            sqlite_where=sql_text("reverses_id IS NOT NULL"),
            postgresql_where=sql_text("reverses_id IS NOT NULL"),
        ),
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
    request_digest: Mapped[bytes | None]


class ReversalState(StrEnum):
    AWAITING_SECOND = "awaiting_second"
    POSTED = "posted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ReversalRequest(Base):
    """A reversal by hand: asked by one person, posted, declined or withdrawn once by a second step.

    `amount` is in the transfer's unit and fixed from the start: the second person approves exactly this. The posted
    transfers have the request as their source. `decided_by` is another person than `asked_by`, unless withdrawn.
    `reason_digest` is the commitment to the reason, which is sealed with the transfers; the reason itself is not.
    """

    __tablename__ = "reversal_requests"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "transfer_id"], ["transfers.community_id", "transfers.id"]),
        CheckConstraint(f"amount > 0 AND amount <= {MAX_AMOUNT}", name="amount_in_range"),
        CheckConstraint(
            "(state = 'awaiting_second') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="decided_with_its_step",
        ),
        CheckConstraint("state NOT IN ('posted', 'declined') OR decided_by <> asked_by", name="two_people"),
        one_of("state", ReversalState),
        # Serves: what of a transfer has been asked for already, and what became of it.
        Index("ix_reversal_requests_transfer", "community_id", "transfer_id"),
        # Serves: what waits for a second person, newest first.
        Index("ix_reversal_requests_state", "community_id", "state", "id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID]
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(text(300))
    reason_digest: Mapped[bytes]
    state: Mapped[str] = mapped_column(text(20))
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(text(300), default="")


class HoldState(StrEnum):
    PLACED = "placed"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


STANDS = "state = 'placed'"
"""A hold that stands, in the words of the index."""


class Hold(Base):
    """An amount of a limited account set aside for one source. While placed it is part of the balance's `held`.

    `drawn` is how much of it came from points that expire: so much its draws add up to.
    """

    __tablename__ = "holds"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        UniqueConstraint("community_id", "source_type", "source_id", "account_id"),
        CheckConstraint(f"amount > 0 AND amount <= {MAX_AMOUNT}", name="amount_in_range"),
        one_of("state", HoldState),
        # Serves: the live holds of a wallet, and the sweeper's search for overdue ones.
        Index("ix_holds_live", "community_id", "state", "account_id", "expires_at"),
        # Serves: the gauge of the oldest hold, of all communities.
        Index(
            "ix_holds_oldest",
            "created_at",
            sqlite_where=sql_text(STANDS),
            postgresql_where=sql_text(STANDS),
        ),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    slot: Mapped[int]
    amount: Mapped[int]
    drawn: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(text(10))
    source_type: Mapped[str] = mapped_column(text(30))
    source_id: Mapped[UUID]
    actor_id: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Draw(Base):
    """Which expiring cohort a debit or hold took its points from; immutable. What never expires has no draw."""

    __tablename__ = "draws"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        CheckConstraint("(transfer_id IS NULL) <> (hold_id IS NULL)", name="one_taker"),
        CheckConstraint("amount > 0", name="amount_positive"),
        # Serves: what is left of each cohort of a wallet.
        Index("ix_draws_account", "community_id", "account_id", "expires_on"),
        # Serve: what a refund or an ended hold gives back.
        Index(
            "ix_draws_transfer",
            "community_id",
            "transfer_id",
            sqlite_where=sql_text("transfer_id IS NOT NULL"),
            postgresql_where=sql_text("transfer_id IS NOT NULL"),
        ),
        Index(
            "ix_draws_hold",
            "community_id",
            "hold_id",
            sqlite_where=sql_text("hold_id IS NOT NULL"),
            postgresql_where=sql_text("hold_id IS NOT NULL"),
        ),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    transfer_id: Mapped[UUID | None]
    hold_id: Mapped[UUID | None]
    expires_on: Mapped[date | None]
    amount: Mapped[int]


class Cohort(Base):
    """A wallet's points that expire together: what is left of them, neither spent nor held.

    Points are usable through `expires_on`. What a wallet has beyond its cohorts never expires. `noticed_on` is the
    day on which the member was told.
    """

    __tablename__ = "cohorts"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        CheckConstraint("points_left >= 0", name="not_overdrawn"),
        # Serves: what expires today, and whom to tell in time.
        Index("ix_cohorts_expiring", "community_id", "expires_on"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_on: Mapped[date] = mapped_column(primary_key=True)
    points_left: Mapped[int]
    noticed_on: Mapped[date | None]


class ExpiryPolicy(Base):
    """After how many months a community's points expire from `since` on; None: never. The newest row counts."""

    __tablename__ = "expiry_policies"
    __table_args__ = (CheckConstraint("months BETWEEN 1 AND 120", name="months_in_range"),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    months: Mapped[int | None]
    since: Mapped[datetime]
    actor_id: Mapped[UUID]


class RollupLevel(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Rollup(Base):
    """What an account's transfers of a period (Asia/Shanghai, by effective_at) add up to: credits - debits.

    `earned` and `spent` are the parts of a wallet's lifetime figures. Wallets, debts and hours are rolled up with each
    transfer; the others when their transfers are sealed.
    """

    __tablename__ = "rollups"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "account_id"], ["accounts.community_id", "accounts.id"]),
        one_of("level", RollupLevel),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(text(10), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[int]
    earned: Mapped[int]
    spent: Mapped[int]


class Unsealed(Base):
    """A transfer that is not in the tree yet. A trigger writes it, so no transfer can stay outside.

    `xid` is PostgreSQL's number of the transaction that wrote it; None on SQLite and after a restore.
    """

    __tablename__ = "unsealed"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    xid: Mapped[int | None]


class Leaf(Base):
    """A transfer's place in the community's tree, and the RFC 6962 hash of its canonical encoding; immutable."""

    __tablename__ = "leaves"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "transfer_id"], ["transfers.community_id", "transfers.id"]),
        UniqueConstraint("community_id", "transfer_id"),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID]
    hash: Mapped[bytes]


class TreeNode(Base):
    """The root of a full subtree of 2^level leaves, for every eighth level, so that proofs read few rows; immutable."""

    __tablename__ = "tree_nodes"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes]


class Checkpoint(Base):
    """What the books were at the end of a day: size and root of the tree, chained to the checkpoint before; immutable.

    `previous` is the digest of the checkpoint before, 32 zero bytes for the first. `digest` is the SHA-256 of the
    text that is published.
    """

    __tablename__ = "checkpoints"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(text(80))
    size: Mapped[int]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    digest: Mapped[bytes]
    made_at: Mapped[datetime]


class CheckMark(Base):
    """How far the books of a community have been checked without a finding: the first `size` leaves."""

    __tablename__ = "check_marks"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    size: Mapped[int]
    checked_at: Mapped[datetime]


class CheckScope(StrEnum):
    FULL = "full"
    NEW = "new"


class CheckRun(Base):
    """The newest run of a named check: over all communities under NOBODY, and a row for each with findings."""

    __tablename__ = "check_runs"
    __table_args__ = (one_of("scope", CheckScope),)
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(text(40), primary_key=True)
    scope: Mapped[str] = mapped_column(text(10), primary_key=True)
    findings: Mapped[int]
    milliseconds: Mapped[int]
    ended_at: Mapped[datetime]


class ClosedMonth(Base):
    """A month of the books by its first day. Once closed, nothing can take effect in it any more.

    A row that is not closed is only what a backdated transfer and the closing of its month wait for one another at.
    """

    __tablename__ = "closed_months"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
