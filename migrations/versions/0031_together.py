"""Limits per household, person and path; households who pay together; what a card takes off a bill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LIMITS = ("per_household_per_week", "per_person")
DISCOUNTS = (
    ("offer_versions", "discount_fen"),
    ("offer_versions", "discount_percent"),
    ("redemptions", "discount_fen"),
    ("refunds", "discount_fen"),
)


def upgrade() -> None:
    for name in LIMITS:
        op.add_column("offer_versions", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column(
        "redemptions", sa.Column("pooled_points", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("agreement_versions", sa.Column("path_caps", sa.JSON(), nullable=True))
    _add_discounts()
    _create_pools()
    op.create_index(
        "ix_members_household",
        "members",
        ["community_id", "household_id"],
        sqlite_where=sa.text("household_id IS NOT NULL"),
        postgresql_where=sa.text("household_id IS NOT NULL"),
    )


def _add_discounts() -> None:
    for table, name in DISCOUNTS:
        op.add_column(table, sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column(
        "offer_versions",
        sa.Column("shop_bears_percent", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )


def _create_pools() -> None:
    op.create_table(
        "pool_consents",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("points_at_most", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("points_at_most > 0", name=op.f("ck_pool_consents_points_positive")),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_pool_consents_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "household_id"],
            ["households.community_id", "households.id"],
            name=op.f("fk_pool_consents_community_id_household_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_pool_consents")),
    )
    op.create_index(
        "uq_pool_consents_live",
        "pool_consents",
        ["community_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "contributions",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("refunded_points", sa.BigInteger(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "points > 0 AND refunded_points BETWEEN 0 AND points", name=op.f("ck_contributions_refund_within_points")
        ),
        sa.CheckConstraint("part BETWEEN 2 AND 15", name=op.f("ck_contributions_part_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_contributions_community_id_redemption_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_contributions_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "redemption_id", "member_id", name=op.f("pk_contributions")),
    )
    op.create_index("ix_contributions_member", "contributions", ["community_id", "member_id", "redemption_id"])


def downgrade() -> None:
    op.drop_index("ix_members_household", "members")
    for table in ("contributions", "pool_consents"):
        op.drop_table(table)
    op.drop_column("offer_versions", "shop_bears_percent")
    for table, name in reversed(DISCOUNTS):
        op.drop_column(table, name)
    op.drop_column("agreement_versions", "path_caps")
    op.drop_column("redemptions", "pooled_points")
    for name in reversed(LIMITS):
        op.drop_column("offer_versions", name)
