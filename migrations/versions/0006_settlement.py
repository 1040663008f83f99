"""One statement per merchant and week, with its lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlements",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("cut_off_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("deduction_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("auto_confirm_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_by", sa.Uuid(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconciled_by", sa.Uuid(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'issued', 'confirmed', 'approved', 'paid', 'reconciled', 'void')",
            name=op.f("ck_settlements_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "replaces_id"],
            ["settlements.community_id", "settlements.id"],
            name=op.f("fk_settlements_community_id_replaces_id"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_settlements_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_settlements")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_settlements_community_id_number")),
    )
    op.create_index("ix_settlements_state", "settlements", ["community_id", "state", "week"], unique=False)
    op.create_index(
        "uq_settlements_week",
        "settlements",
        ["community_id", "merchant_id", "week"],
        unique=True,
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "settlement_lines",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receipt_number", sa.String(length=24), nullable=False),
        sa.Column("branch_name", sa.String(length=80), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("offer_name", sa.String(length=80), nullable=False),
        sa.Column("agreement_version", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.String(length=40), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("deduction_fen", sa.BigInteger(), nullable=False),
        sa.Column("net_fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "type IN ('redemption', 'refund', 'decision', 'clawback', 'carry_over')",
            name=op.f("ck_settlement_lines_type_known"),
        ),
        sa.CheckConstraint("net_fen = gross_fen - deduction_fen", name=op.f("ck_settlement_lines_net_adds_up")),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_settlement_lines_community_id_redemption_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "refund_id"],
            ["refunds.community_id", "refunds.id"],
            name=op.f("fk_settlement_lines_community_id_refund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "settlement_id"],
            ["settlements.community_id", "settlements.id"],
            name=op.f("fk_settlement_lines_community_id_settlement_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_settlement_lines")),
        sa.UniqueConstraint(
            "community_id",
            "settlement_id",
            "position",
            name=op.f("uq_settlement_lines_community_id_settlement_id_position"),
        ),
    )
    op.create_index(
        "uq_settlement_lines_redemption",
        "settlement_lines",
        ["community_id", "redemption_id"],
        unique=True,
        sqlite_where=sa.text("live AND type = 'redemption'"),
        postgresql_where=sa.text("live AND type = 'redemption'"),
    )
    op.create_index(
        "uq_settlement_lines_refund",
        "settlement_lines",
        ["community_id", "refund_id"],
        unique=True,
        sqlite_where=sa.text("live AND type = 'refund'"),
        postgresql_where=sa.text("live AND type = 'refund'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_settlement_lines_refund",
        table_name="settlement_lines",
        sqlite_where=sa.text("live AND type = 'refund'"),
        postgresql_where=sa.text("live AND type = 'refund'"),
    )
    op.drop_index(
        "uq_settlement_lines_redemption",
        table_name="settlement_lines",
        sqlite_where=sa.text("live AND type = 'redemption'"),
        postgresql_where=sa.text("live AND type = 'redemption'"),
    )
    op.drop_table("settlement_lines")
    op.drop_index(
        "uq_settlements_week",
        table_name="settlements",
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.drop_index("ix_settlements_state", table_name="settlements")
    op.drop_table("settlements")
