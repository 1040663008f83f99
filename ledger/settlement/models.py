"""The tables of the settlement room."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core.db import Base, one_of, text

RULES = 2
"""How statements are computed: docs/adr/0027; since 2 the digest holds branch, offer, operator and terms too (0036).

What computes or seals them otherwise gets the next number; statements of before keep theirs.
"""


class SettlementState(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    PAID = "paid"
    RECONCILED = "reconciled"
    VOID = "void"


class LineType(StrEnum):
    REDEMPTION = "redemption"
    REFUND = "refund"
    DECISION = "decision"
    CLAWBACK = "clawback"
    CARRY_OVER = "carry_over"


class Settlement(Base):
    """One merchant's statement of one week ("2026-W41"). From `issued` on its figures and lines are frozen.

    opening = its carry_over line; net = sum of the other lines; payable = opening + net, carried over when that is
    negative or under the agreement's minimum. `held_fen` of the payable waits for disputes: what is paid is the rest.
    `digest` is the SHA-256 of the canonical lines, `rules` the version of the rules that made the figures. Four eyes:
    approved by another person than the issuer, paid by another than the approver.
    """

    __tablename__ = "settlements"
    __table_args__ = (
        ForeignKeyConstraint(["community_id"], ["communities.id"]),
        ForeignKeyConstraint(["community_id", "replaces_id"], ["settlements.community_id", "settlements.id"]),
        UniqueConstraint("community_id", "number"),
        one_of("state", SettlementState),
        Index("uq_settlements_week", "community_id", "merchant_id", "week", unique=True,
              sqlite_where=sql("state <> 'void'"), postgresql_where=sql("state <> 'void'")),
        Index("uq_settlements_invoice", "community_id", "invoice_number", unique=True,
              sqlite_where=sql("state <> 'void'"), postgresql_where=sql("state <> 'void'")),
        # Serves: the list of settlements by state and week.
        Index("ix_settlements_state", "community_id", "state", "week"),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    merchant_id: Mapped[UUID]
    week: Mapped[str] = mapped_column(text(8))
    number: Mapped[str | None] = mapped_column(text(30))
    state: Mapped[str] = mapped_column(text(12))
    replaces_id: Mapped[UUID | None]
    cut_off_at: Mapped[datetime]
    known_at: Mapped[datetime]
    opening_fen: Mapped[int]
    gross_fen: Mapped[int]
    deduction_fen: Mapped[int]
    net_fen: Mapped[int]
    payable_fen: Mapped[int]
    closing_fen: Mapped[int]
    held_fen: Mapped[int] = mapped_column(default=0, server_default=sql("0"))
    points: Mapped[int]
    line_count: Mapped[int]
    rules: Mapped[int] = mapped_column(default=RULES, server_default=sql("1"))
    digest: Mapped[bytes | None]
    auto_confirm_on: Mapped[date | None]
    issued_at: Mapped[datetime | None]
    issued_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    paid_by: Mapped[UUID | None]
    paid_on: Mapped[date | None]
    reference: Mapped[str | None] = mapped_column(text(80))
    reconciled_at: Mapped[datetime | None]
    reconciled_by: Mapped[UUID | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[UUID | None]
    void_reason: Mapped[str | None] = mapped_column(text(300))
    invoice_number: Mapped[str | None] = mapped_column(text(40))

    @property
    def to_pay_fen(self) -> int:
        """What the shop is paid for this week now: what is disputed waits for its decision."""
        return self.payable_fen - self.held_fen


class SettlementLine(Base):
    """One redemption, refund or ruling in one statement, or what was carried over from the one before.

    `live` ends when its statement is void, so the next close takes it. A redemption, refund or ruling stands in at most
    one live line. A clawback has both: the refund that it made and its ruling.
    """

    __tablename__ = "settlement_lines"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "settlement_id"], ["settlements.community_id", "settlements.id"]),
        ForeignKeyConstraint(["community_id", "redemption_id"], ["redemptions.community_id", "redemptions.id"]),
        ForeignKeyConstraint(["community_id", "refund_id"], ["refunds.community_id", "refunds.id"]),
        UniqueConstraint("community_id", "settlement_id", "position"),
        one_of("type", LineType),
        CheckConstraint("net_fen = gross_fen - deduction_fen", name="net_adds_up"),
        Index("uq_settlement_lines_redemption", "community_id", "redemption_id", unique=True,
              sqlite_where=sql("live AND type = 'redemption'"), postgresql_where=sql("live AND type = 'redemption'")),
        Index("uq_settlement_lines_refund", "community_id", "refund_id", unique=True,
              sqlite_where=sql("live AND type = 'refund'"), postgresql_where=sql("live AND type = 'refund'")),
        Index("uq_settlement_lines_ruling", "community_id", "ruling_id", unique=True,
              sqlite_where=sql("live"), postgresql_where=sql("live")),
    )  # fmt: skip
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    settlement_id: Mapped[UUID]
    position: Mapped[int]
    type: Mapped[str] = mapped_column(text(12))
    redemption_id: Mapped[UUID | None]
    refund_id: Mapped[UUID | None]
    ruling_id: Mapped[UUID | None]
    """No foreign key, for a statement's lines are older than rulings: `settlement_lines_match` sees to it."""
    live: Mapped[bool]
    happened_at: Mapped[datetime]
    receipt_number: Mapped[str] = mapped_column(text(24))
    branch_name: Mapped[str] = mapped_column(text(80))
    operator_id: Mapped[UUID | None]
    offer_name: Mapped[str] = mapped_column(text(80))
    agreement_version: Mapped[int]
    rate: Mapped[str] = mapped_column(text(40))
    points: Mapped[int]
    gross_fen: Mapped[int]
    deduction_fen: Mapped[int]
    net_fen: Mapped[int]
    reason: Mapped[str] = mapped_column(text(300))
