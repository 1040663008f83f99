"""What lets anyone check the books: rollups, expiring cohorts, the sealed tree, marks of checks.

Once expired points have been restored there is no way down: the code of such transfers was not known before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The business day of a transfer. China has kept UTC+8 without summer time since 1991. SQLite would round a fraction of
# a second, 23:59:59.999999 into the next day.
LOCAL_DAY = {
    "postgresql": "(t.effective_at AT TIME ZONE 'Asia/Shanghai')::date",
    "sqlite": "date(substr(t.effective_at, 1, 19), '+8 hours')",
}
STARTS_ON = {
    "postgresql": {"day": "{day}", "month": "date_trunc('month', {day})::date", "year": "date_trunc('year', {day})::date"},
    "sqlite": {"day": "{day}", "month": "date({day}, 'start of month')", "year": "date({day}, 'start of year')"},
}


CODES = ("award", "hours", "repay", "opening", "redeem", "refund", "donate", "expire", "settle", "pay", "fund", "merge",
         "reverse")


def _know_codes(codes: tuple[str, ...]) -> None:
    words = ", ".join(f"'{code}'" for code in codes)
    with op.batch_alter_table("transfers") as batch:
        batch.drop_constraint(op.f("ck_transfers_code_known"), type_="check")
        batch.create_check_constraint(op.f("ck_transfers_code_known"), f"code IN ({words})")


def upgrade() -> None:
    _know_codes((*CODES, "restore"))
    _create_rollups()
    _create_cohorts()
    _create_seals()
    _create_marks()
    op.drop_index("ix_transfers_credit", table_name="transfers")
    op.drop_index("ix_transfers_debit", table_name="transfers")
    op.create_index("ix_transfers_debit", "transfers", ["community_id", "debit_account_id", "effective_at", "id"])
    op.create_index("ix_transfers_credit", "transfers", ["community_id", "credit_account_id", "effective_at", "id"])
    for side in ("debit", "credit"):
        op.create_index(
            f"ix_transfers_backdated_{side}",
            "transfers",
            ["community_id", f"{side}_account_id", "recorded_at"],
            sqlite_where=sa.text("effective_at < recorded_at"),
            postgresql_where=sa.text("effective_at < recorded_at"),
        )
    op.create_index(
        "ix_transfers_expiring",
        "transfers",
        ["community_id", "credit_account_id", "expires_on"],
        sqlite_where=sa.text("expires_on IS NOT NULL"),
        postgresql_where=sa.text("expires_on IS NOT NULL"),
    )
    _fill()


def _create_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("earned", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("level IN ('day', 'month', 'year')", name=op.f("ck_rollups_level_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["accounts.community_id", "accounts.id"],
            name=op.f("fk_rollups_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "account_id", "level", "starts_on", name=op.f("pk_rollups")),
    )


def _create_cohorts() -> None:
    op.create_table(
        "cohorts",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("points_left", sa.BigInteger(), nullable=False),
        sa.Column("noticed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("points_left >= 0", name=op.f("ck_cohorts_not_overdrawn")),
        sa.ForeignKeyConstraint(
            ["community_id", "account_id"],
            ["accounts.community_id", "accounts.id"],
            name=op.f("fk_cohorts_community_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "account_id", "expires_on", name=op.f("pk_cohorts")),
    )
    op.create_index("ix_cohorts_expiring", "cohorts", ["community_id", "expires_on"])
    op.create_table(
        "expiry_policies",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("months BETWEEN 1 AND 120", name=op.f("ck_expiry_policies_months_in_range")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_expiry_policies")),
    )
    with op.batch_alter_table("balances") as batch:
        batch.add_column(sa.Column("dated", sa.BigInteger(), nullable=False, server_default="0"))
        batch.create_check_constraint(op.f("ck_balances_dated_not_negative"), "dated >= 0")
    with op.batch_alter_table("balances") as batch:
        batch.alter_column("dated", server_default=None)
    with op.batch_alter_table("holds") as batch:
        batch.add_column(sa.Column("drawn", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("holds") as batch:
        batch.alter_column("drawn", server_default=None)
    op.create_index("ix_draws_transfer", "draws", ["community_id", "transfer_id"])
    op.create_index("ix_draws_hold", "draws", ["community_id", "hold_id"])


def _create_seals() -> None:
    op.create_table(
        "unsealed",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("community_id", "transfer_id", name=op.f("pk_unsealed")),
    )
    op.create_table(
        "leaves",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["transfers.community_id", "transfers.id"],
            name=op.f("fk_leaves_community_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "position", name=op.f("pk_leaves")),
        sa.UniqueConstraint("community_id", "transfer_id", name=op.f("uq_leaves_community_id_transfer_id")),
    )
    op.create_table(
        "tree_nodes",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "level", "position", name=op.f("pk_tree_nodes")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "day", name=op.f("pk_checkpoints")),
    )


def _create_marks() -> None:
    op.create_table(
        "check_marks",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_check_marks")),
    )
    op.create_table(
        "check_runs",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('full', 'new')", name=op.f("ck_check_runs_scope_known")),
        sa.PrimaryKeyConstraint("community_id", "name", "scope", name=op.f("pk_check_runs")),
    )


def _fill() -> None:
    """Transfers that are there already wait for their seal, and are in the rollups of wallets, debts and hours."""
    dialect = op.get_bind().dialect.name
    op.execute("INSERT INTO unsealed (community_id, transfer_id, xid) SELECT community_id, id, NULL FROM transfers")
    for level, words in STARTS_ON[dialect].items():
        starts_on = words.format(day=LOCAL_DAY[dialect])
        op.execute(
            "INSERT INTO rollups (community_id, account_id, level, starts_on, amount, earned, spent) "
            f"SELECT a.community_id, a.id, '{level}', {starts_on}, SUM(e.amount), "
            "SUM(CASE WHEN a.kind = 'wallet' AND (e.code IN ('award', 'opening') AND e.amount > 0 "
            "OR e.code IN ('repay', 'reverse') AND e.amount < 0) THEN e.amount ELSE 0 END), "
            "SUM(CASE WHEN a.kind = 'wallet' AND (e.code IN ('redeem', 'donate') AND e.amount < 0 "
            "OR e.code IN ('refund', 'reverse') AND e.amount > 0) THEN -e.amount ELSE 0 END) "
            "FROM entries e "
            "JOIN accounts a ON a.community_id = e.community_id AND a.id = e.account_id "
            "JOIN transfers t ON t.community_id = e.community_id AND t.id = e.transfer_id "
            "WHERE a.kind IN ('wallet', 'debt', 'hours') "
            f"GROUP BY a.community_id, a.id, {starts_on}"
        )


def downgrade() -> None:
    op.drop_index("ix_transfers_expiring", table_name="transfers")
    op.drop_index("ix_transfers_backdated_credit", table_name="transfers")
    op.drop_index("ix_transfers_backdated_debit", table_name="transfers")
    op.drop_index("ix_transfers_credit", table_name="transfers")
    op.drop_index("ix_transfers_debit", table_name="transfers")
    op.create_index("ix_transfers_debit", "transfers", ["community_id", "debit_account_id", "id"])
    op.create_index("ix_transfers_credit", "transfers", ["community_id", "credit_account_id", "id"])
    op.execute("DROP TRIGGER IF EXISTS transfers_wait_for_seal" + (
        " ON transfers" if op.get_bind().dialect.name == "postgresql" else ""
    ))
    for table in ("check_runs", "check_marks", "checkpoints", "tree_nodes", "leaves", "unsealed"):
        op.drop_table(table)
    op.drop_index("ix_draws_hold", table_name="draws")
    op.drop_index("ix_draws_transfer", table_name="draws")
    with op.batch_alter_table("holds") as batch:
        batch.drop_column("drawn")
    with op.batch_alter_table("balances") as batch:
        batch.drop_constraint(op.f("ck_balances_dated_not_negative"), type_="check")
        batch.drop_column("dated")
    op.drop_table("expiry_policies")
    op.drop_index("ix_cohorts_expiring", table_name="cohorts")
    op.drop_table("cohorts")
    op.drop_table("rollups")
    _know_codes(CODES)
