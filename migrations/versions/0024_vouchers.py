"""Vouchers bought with points, donations to the community pot, and what the pot was used for.

Once a voucher was bought or the pot used there is no way down: the codes of such transfers were not known before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

CODES = (
    "award",
    "hours",
    "repay",
    "opening",
    "redeem",
    "refund",
    "donate",
    "expire",
    "settle",
    "pay",
    "fund",
    "merge",
    "reverse",
    "restore",
)
KINDS = ("issuance", "wallet", "debt", "hours", "merchant", "pot", "expired", "bank", "fund", "payable")

LIVE_USE = "voucher_id IS NOT NULL AND state IN ('reserved', 'confirmed', 'refunded_part', 'refunded')"


def _know(table: str, column: str, words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{column}_known"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_{column}_known"), f"{column} IN ({listed})")


def upgrade() -> None:
    _know("transfers", "code", (*CODES, "buy", "spend"))
    _know("accounts", "kind", (*KINDS, "voucher"))
    op.add_column("offer_versions", sa.Column("voucher_days", sa.BigInteger(), nullable=True))
    _create_vouchers()
    _create_donations()
    with op.batch_alter_table("redemptions") as batch:
        batch.add_column(sa.Column("voucher_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_redemptions_community_id_voucher_id"),
            "vouchers",
            ["community_id", "voucher_id"],
            ["community_id", "id"],
        )
    op.create_index(
        "uq_redemptions_voucher",
        "redemptions",
        ["community_id", "voucher_id"],
        unique=True,
        sqlite_where=sa.text(LIVE_USE),
        postgresql_where=sa.text(LIVE_USE),
    )


def _create_vouchers() -> None:
    op.create_table(
        "vouchers",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("offer_version", sa.BigInteger(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version", sa.BigInteger(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('issued', 'blocked', 'used', 'expired', 'returned')", name=op.f("ck_vouchers_state_known")
        ),
        sa.CheckConstraint("quantity > 0 AND points > 0", name=op.f("ck_vouchers_pieces_paid_for")),
        sa.CheckConstraint("gross_fen >= 0", name=op.f("ck_vouchers_gross_not_negative")),
        sa.CheckConstraint(
            "(state IN ('issued', 'blocked')) = (ended_at IS NULL)", name=op.f("ck_vouchers_ended_with_its_time")
        ),
        sa.CheckConstraint(
            "(state = 'blocked') = (blocked_by IS NOT NULL)", name=op.f("ck_vouchers_blocked_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "agreement_id", "agreement_version"],
            ["agreement_versions.community_id", "agreement_versions.agreement_id", "agreement_versions.version"],
            name=op.f("fk_vouchers_community_id_agreement_id_agreement_version"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_vouchers_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "offer_id", "offer_version"],
            ["offer_versions.community_id", "offer_versions.offer_id", "offer_versions.version"],
            name=op.f("fk_vouchers_community_id_offer_id_offer_version"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["transfers.community_id", "transfers.id"],
            name=op.f("fk_vouchers_community_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_vouchers_community_id_number")),
    )
    op.create_index("ix_vouchers_member", "vouchers", ["community_id", "member_id", "id"])
    op.create_index("ix_vouchers_merchant", "vouchers", ["community_id", "merchant_id", "state", "id"])
    op.create_index("ix_vouchers_state", "vouchers", ["community_id", "state", "valid_until"])


def _create_donations() -> None:
    op.create_table(
        "donations",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("receipt_number", sa.String(length=24), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('given', 'undone')", name=op.f("ck_donations_state_known")),
        sa.CheckConstraint("points > 0", name=op.f("ck_donations_points_positive")),
        sa.CheckConstraint(
            "(state = 'undone') = (undone_at IS NOT NULL)", name=op.f("ck_donations_undone_with_its_time")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_donations_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["transfers.community_id", "transfers.id"],
            name=op.f("fk_donations_community_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_donations")),
        sa.UniqueConstraint("community_id", "receipt_number", name=op.f("uq_donations_community_id_receipt_number")),
    )
    op.create_index("ix_donations_member", "donations", ["community_id", "member_id", "id"])
    op.create_index("ix_donations_given", "donations", ["community_id", "given_at"])
    op.create_table(
        "pot_uses",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('awaiting_second', 'done', 'declined', 'withdrawn')", name=op.f("ck_pot_uses_state_known")
        ),
        sa.CheckConstraint("points > 0 AND points <= 9007199254740991", name=op.f("ck_pot_uses_points_in_range")),
        sa.CheckConstraint(
            "(state = 'awaiting_second') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_pot_uses_decided_with_its_step"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('done', 'declined') OR decided_by <> asked_by", name=op.f("ck_pot_uses_two_people")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_pot_uses_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_pot_uses")),
    )
    op.create_index("ix_pot_uses_state", "pot_uses", ["community_id", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_pot_uses_state", table_name="pot_uses")
    op.drop_table("pot_uses")
    for name in ("ix_donations_given", "ix_donations_member"):
        op.drop_index(name, table_name="donations")
    op.drop_table("donations")
    op.drop_index("uq_redemptions_voucher", table_name="redemptions")
    with op.batch_alter_table("redemptions") as batch:
        batch.drop_constraint(op.f("fk_redemptions_community_id_voucher_id"), type_="foreignkey")
        batch.drop_column("voucher_id")
    for name in ("ix_vouchers_state", "ix_vouchers_merchant", "ix_vouchers_member"):
        op.drop_index(name, table_name="vouchers")
    op.drop_table("vouchers")
    op.drop_column("offer_versions", "voucher_days")
    op.execute("DELETE FROM accounts WHERE kind = 'voucher'")  # Opened with each agreement, and empty.
    _know("accounts", "kind", KINDS)
    _know("transfers", "code", CODES)
