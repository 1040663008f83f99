"""Disputes by line, rulings, bank accounts of shops, payout batches; minimum amounts and invoices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OPEN = "state IN ('raised', 'answered', 'appealed')"
ASKED = "state = 'asked'"
NOT_FAILED = "state <> 'failed'"
NOT_VOID = "state <> 'void'"
LIVE = "live"


def upgrade() -> None:
    _add_columns()
    _create_disputes()
    _create_rulings()
    _create_photos()
    _create_bank_accounts()
    _create_payouts()


def _add_columns() -> None:
    op.add_column(
        "agreement_versions", sa.Column("minimum_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column(
        "agreement_versions", sa.Column("needs_invoice", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("settlements", sa.Column("held_fen", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("settlements", sa.Column("invoice_number", sa.String(length=40), nullable=True))
    _partly_unique("uq_settlements_invoice", "settlements", "invoice_number", where=NOT_VOID)
    op.add_column("settlement_lines", sa.Column("ruling_id", sa.Uuid(), nullable=True))
    _partly_unique("uq_settlement_lines_ruling", "settlement_lines", "ruling_id", where=LIVE)


def _partly_unique(name: str, table: str, column: str, *, where: str, unique: bool = True) -> None:
    op.create_index(
        name,
        table,
        ["community_id", column],
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("line_fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("favour", sa.String(length=10), nullable=True),
        sa.Column("decision", sa.String(length=300), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("appeal", sa.String(length=300), nullable=False),
        sa.Column("appeal_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appealed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('raised', 'answered', 'decided', 'appealed', 'final', 'void')",
            name=op.f("ck_disputes_state_known"),
        ),
        sa.CheckConstraint(
            "favour IS NULL OR favour IN ('shop', 'community')",
            name=op.f("ck_disputes_favour_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('raised', 'answered', 'void')) = (decided_at IS NULL)",
            name=op.f("ck_disputes_decided_with_its_time"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (favour IS NULL)",
            name=op.f("ck_disputes_decided_with_its_favour"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "settlement_id"],
            ["settlements.community_id", "settlements.id"],
            name=op.f("fk_disputes_community_id_settlement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "line_id"],
            ["settlement_lines.community_id", "settlement_lines.id"],
            name=op.f("fk_disputes_community_id_line_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_disputes")),
        sa.UniqueConstraint(
            "community_id",
            "line_id",
            name=op.f("uq_disputes_community_id_line_id"),
        ),
    )
    op.create_index("ix_disputes_settlement", "disputes", ["community_id", "settlement_id"])
    op.create_index("ix_disputes_merchant", "disputes", ["community_id", "merchant_id", "id"])
    _partly_unique("ix_disputes_due", "disputes", "due_at", where=OPEN, unique=False)


def _create_rulings() -> None:
    op.create_table(
        "rulings",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=True),
        sa.Column("favour", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('decision', 'clawback')",
            name=op.f("ck_rulings_kind_known"),
        ),
        sa.CheckConstraint(
            "favour IN ('shop', 'community')",
            name=op.f("ck_rulings_favour_known"),
        ),
        sa.CheckConstraint(
            "(kind = 'decision') = (dispute_id IS NOT NULL)",
            name=op.f("ck_rulings_decides_a_dispute"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "line_id"],
            ["settlement_lines.community_id", "settlement_lines.id"],
            name=op.f("fk_rulings_community_id_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "dispute_id"],
            ["disputes.community_id", "disputes.id"],
            name=op.f("fk_rulings_community_id_dispute_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "refund_id"],
            ["refunds.community_id", "refunds.id"],
            name=op.f("fk_rulings_community_id_refund_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_rulings")),
        sa.UniqueConstraint(
            "community_id",
            "refund_id",
            name=op.f("uq_rulings_community_id_refund_id"),
        ),
    )
    op.create_index("ix_rulings_dispute", "rulings", ["community_id", "dispute_id"])
    op.create_index("ix_rulings_made", "rulings", ["community_id", "made_at"])


def _create_photos() -> None:
    op.create_table(
        "dispute_photos",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"],
            ["files.community_id", "files.id"],
            name=op.f("fk_dispute_photos_community_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "dispute_id"],
            ["disputes.community_id", "disputes.id"],
            name=op.f("fk_dispute_photos_community_id_dispute_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_dispute_photos")),
    )
    op.create_index("ix_dispute_photos_dispute", "dispute_photos", ["community_id", "dispute_id"])


def _create_bank_accounts() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("bank", sa.String(length=80), nullable=False),
        sa.Column("holder_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("usable_from", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'approved', 'stopped')",
            name=op.f("ck_bank_accounts_state_known"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR usable_from IS NOT NULL",
            name=op.f("ck_bank_accounts_approved_with_its_day"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR asked_by <> decided_by",
            name=op.f("ck_bank_accounts_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_bank_accounts_community_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_bank_accounts")),
    )
    op.create_index("ix_bank_accounts_merchant", "bank_accounts", ["community_id", "merchant_id", "id"])
    _partly_unique("uq_bank_accounts_asked", "bank_accounts", "merchant_id", where=ASKED)


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["communities.id"],
            name=op.f("fk_payouts_community_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_payouts")),
        sa.UniqueConstraint(
            "community_id",
            "number",
            name=op.f("uq_payouts_community_id_number"),
        ),
    )
    op.create_table(
        "payout_lines",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'paid', 'failed')",
            name=op.f("ck_payout_lines_state_known"),
        ),
        sa.CheckConstraint(
            "amount_fen > 0",
            name=op.f("ck_payout_lines_amount_positive"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (answered_at IS NULL)",
            name=op.f("ck_payout_lines_answered_with_its_time"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "payout_id"],
            ["payouts.community_id", "payouts.id"],
            name=op.f("fk_payout_lines_community_id_payout_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "settlement_id"],
            ["settlements.community_id", "settlements.id"],
            name=op.f("fk_payout_lines_community_id_settlement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["bank_accounts.community_id", "bank_accounts.id"],
            name=op.f("fk_payout_lines_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_payout_lines")),
        sa.UniqueConstraint(
            "community_id",
            "payout_id",
            "position",
            name=op.f("uq_payout_lines_community_id_payout_id_position"),
        ),
    )
    _partly_unique("uq_payout_lines_live", "payout_lines", "settlement_id", where=NOT_FAILED)


def downgrade() -> None:
    for table in ("payout_lines", "payouts", "bank_accounts", "dispute_photos", "rulings", "disputes"):
        op.drop_table(table)
    op.drop_index("uq_settlement_lines_ruling", table_name="settlement_lines")
    op.drop_column("settlement_lines", "ruling_id")
    op.drop_index("uq_settlements_invoice", table_name="settlements")
    for table, column in (
        ("settlements", "invoice_number"),
        ("settlements", "held_fen"),
        ("agreement_versions", "needs_invoice"),
        ("agreement_versions", "minimum_fen"),
    ):
        op.drop_column(table, column)
