"""The books: accounts, balances, transfers, holds, draws."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('issuance', 'wallet', 'debt', 'hours', 'merchant', 'pot', 'expired', 'bank', 'fund', 'payable')",
            name=op.f("ck_accounts_kind_known"),
        ),
        sa.CheckConstraint("unit IN ('points', 'fen', 'minutes')", name=op.f("ck_accounts_unit_known")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("community_id", "id", "unit", name=op.f("uq_accounts_community_id_id_unit")),
        sa.UniqueConstraint(
            "community_id", "kind", "unit", "owner_id", name=op.f("uq_accounts_community_id_kind_unit_owner_id")
        ),
    )
    op.create_table(
        "balances",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("NOT limited OR balance >= held", name=op.f("ck_balances_limit_kept")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_balances_held_not_negative")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["accounts.community_id", "accounts.id"],
            name=op.f("fk_balances_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "account_id", "slot", name=op.f("pk_balances")),
    )
    op.create_table(
        "draws",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(transfer_id IS NULL) <> (hold_id IS NULL)", name=op.f("ck_draws_one_taker")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_draws_amount_positive")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["accounts.community_id", "accounts.id"],
            name=op.f("fk_draws_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_draws")),
    )
    op.create_index("ix_draws_account", "draws", ["community_id", "account_id", "expires_on"], unique=False)
    op.create_table(
        "holds",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source_type", sa.String(length=30), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('placed', 'posted', 'voided', 'expired')", name=op.f("ck_holds_state_known")),
        sa.CheckConstraint("amount > 0 AND amount <= 9007199254740991", name=op.f("ck_holds_amount_in_range")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["accounts.community_id", "accounts.id"],
            name=op.f("fk_holds_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_holds")),
        sa.UniqueConstraint(
            "community_id",
            "source_type",
            "source_id",
            "account_id",
            name=op.f("uq_holds_community_id_source_type_source_id_account_id"),
        ),
    )
    op.create_index("ix_holds_live", "holds", ["community_id", "state", "account_id", "expires_at"], unique=False)
    op.create_table(
        "transfers",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_type", sa.String(length=30), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "code IN ('award', 'hours', 'repay', 'opening', 'redeem', 'refund', 'donate', 'expire', 'settle', 'pay', 'fund', 'merge', 'reverse')",
            name=op.f("ck_transfers_code_known"),
        ),
        sa.CheckConstraint("unit IN ('points', 'fen', 'minutes')", name=op.f("ck_transfers_unit_known")),
        sa.CheckConstraint("amount > 0 AND amount <= 9007199254740991", name=op.f("ck_transfers_amount_in_range")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfers_two_accounts")),
        sa.ForeignKeyConstraint(
            ["community_id", "credit_account_id", "unit"],
            ["accounts.community_id", "accounts.id", "accounts.unit"],
            name=op.f("fk_transfers_community_id_credit_account_id_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "debit_account_id", "unit"],
            ["accounts.community_id", "accounts.id", "accounts.unit"],
            name=op.f("fk_transfers_community_id_debit_account_id_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "reverses_id"],
            ["transfers.community_id", "transfers.id"],
            name=op.f("fk_transfers_community_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("community_id", "code", "source_type", "source_id", "part", name="uq_transfers_source"),
    )
    op.create_index("ix_transfers_credit", "transfers", ["community_id", "credit_account_id", "id"], unique=False)
    op.create_index("ix_transfers_debit", "transfers", ["community_id", "debit_account_id", "id"], unique=False)
    op.create_index("ix_transfers_reverses", "transfers", ["community_id", "reverses_id"], unique=False)
    op.execute(
        "CREATE VIEW entries AS "
        "SELECT community_id, id AS transfer_id, credit_account_id AS account_id, code, unit, amount FROM transfers "
        "UNION ALL "
        "SELECT community_id, id, debit_account_id, code, unit, -amount FROM transfers"
    )


def downgrade() -> None:
    op.execute("DROP VIEW entries")
    op.drop_index("ix_transfers_reverses", table_name="transfers")
    op.drop_index("ix_transfers_debit", table_name="transfers")
    op.drop_index("ix_transfers_credit", table_name="transfers")
    op.drop_table("transfers")
    op.drop_index("ix_holds_live", table_name="holds")
    op.drop_table("holds")
    op.drop_index("ix_draws_account", table_name="draws")
    op.drop_table("draws")
    op.drop_table("balances")
    op.drop_table("accounts")
