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
    for name, amount in (("slip_points", "0"), ("slip_days", "3")):
        op.add_column(
            "agreement_versions", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text(amount))
        )
    _create_slips()
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


def _create_slips() -> None:
    op.create_table(
        "slip_pads",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("cap_points", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("cap_points > 0 AND days > 0", name=op.f("ck_slip_pads_terms_positive")),
        sa.ForeignKeyConstraint(
            ["community_id", "agreement_id"],
            ["agreements.community_id", "agreements.id"],
            name=op.f("fk_slip_pads_community_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_slip_pads")),
    )
    op.create_index("ix_slip_pads_merchant", "slip_pads", ["community_id", "merchant_id", "id"])
    op.create_table(
        "slips",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pad_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("filled_on", sa.Date(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(redemption_id IS NULL) = (entered_at IS NULL)", name=op.f("ck_slips_entered_with_its_time")
        ),
        sa.CheckConstraint("(redemption_id IS NULL) = (filled_on IS NULL)", name=op.f("ck_slips_entered_with_its_day")),
        sa.CheckConstraint("checked_by IS NULL OR checked_by <> entered_by", name=op.f("ck_slips_two_people")),
        sa.ForeignKeyConstraint(
            ["community_id", "pad_id"],
            ["slip_pads.community_id", "slip_pads.id"],
            name=op.f("fk_slips_community_id_pad_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_slips_community_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_slips")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_slips_community_id_number")),
        sa.UniqueConstraint("community_id", "redemption_id", name=op.f("uq_slips_community_id_redemption_id")),
    )
    op.create_index("ix_slips_pad", "slips", ["community_id", "pad_id", "number"])


def downgrade() -> None:
    op.drop_column("fund_grants", "is_named")
    for name in ("owner_signed_at", "first_signed_at"):
        op.drop_column("agreement_versions", name)
    op.drop_column("agreements", "renewal_told")
    op.drop_table("slips")
    op.drop_table("slip_pads")
    for name in ("slip_days", "slip_points"):
        op.drop_column("agreement_versions", name)
    op.drop_table("offer_pictures")
    op.drop_column("offer_versions", "picture_ids")
    with op.batch_alter_table("funds") as batch:
        batch.drop_constraint(op.f("ck_funds_levels_in_order"), type_="check")
        for name in ("told_level", "very_low_fen", "low_fen"):
            batch.drop_column(name)
