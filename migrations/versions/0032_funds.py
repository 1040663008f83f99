"""Levels at which a fund is low, donors who wish to be named, moments of signatures, pictures of offers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

LEVELS = "very_low_fen >= 0 AND low_fen >= very_low_fen"


def upgrade() -> None:
    with op.batch_alter_table("funds") as batch:
        for name, amount in (("low_fen", "100000"), ("very_low_fen", "20000"), ("told_level", "0")):
            batch.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text(amount)))
        batch.create_check_constraint(op.f("ck_funds_levels_in_order"), LEVELS)
    op.add_column("offer_versions", sa.Column("picture_ids", sa.JSON(), nullable=True))
    _create_pictures()
    op.add_column("agreements", sa.Column("renewal_told", sa.BigInteger(), nullable=True))
    for name in ("first_signed_at", "owner_signed_at"):
        op.add_column("agreement_versions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("fund_grants", sa.Column("is_named", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def _create_pictures() -> None:
    op.create_table(
        "offer_pictures",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"],
            ["files.community_id", "files.id"],
            name=op.f("fk_offer_pictures_community_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "offer_id"],
            ["offers.community_id", "offers.id"],
            name=op.f("fk_offer_pictures_community_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_offer_pictures")),
    )
    op.create_index("ix_offer_pictures_offer", "offer_pictures", ["community_id", "offer_id"])


def downgrade() -> None:
    op.drop_column("fund_grants", "is_named")
    for name in ("owner_signed_at", "first_signed_at"):
        op.drop_column("agreement_versions", name)
    op.drop_column("agreements", "renewal_told")
    op.drop_table("offer_pictures")
    op.drop_column("offer_versions", "picture_ids")
    with op.batch_alter_table("funds") as batch:
        batch.drop_constraint(op.f("ck_funds_levels_in_order"), type_="check")
        for name in ("told_level", "very_low_fen", "low_fen"):
            batch.drop_column(name)
