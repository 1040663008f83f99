"""Merchants, agreements, offers, codes, redemptions, funds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merchants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_in", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("trade", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchants")),
    )
    op.create_table(
        "till_tries",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_till_tries")),
    )
    op.create_index("ix_till_tries_actor", "till_tries", ["community_id", "actor_id", "at"], unique=False)
    op.create_table(
        "branches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_branches_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
        sa.UniqueConstraint("code", name=op.f("uq_branches_code")),
    )
    op.create_index("ix_branches_merchant", "branches", ["merchant_id"], unique=False)
    op.create_table(
        "agreements",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("draft_version", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'active', 'suspended', 'ended')", name=op.f("ck_agreements_state_known")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_agreements_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_agreements")),
    )
    op.create_index(
        "uq_agreements_live",
        "agreements",
        ["community_id", "merchant_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "funds",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_funds_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_funds")),
        sa.UniqueConstraint("community_id", "name", name=op.f("uq_funds_community_id_name")),
    )
    op.create_table(
        "agreement_versions",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("rate_points", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("auto_confirm_days", sa.BigInteger(), nullable=False),
        sa.Column("signatory", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("second_signed_by", sa.Uuid(), nullable=True),
        sa.Column("owner_signed_by", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_agreement_versions_ends_after_start")),
        sa.CheckConstraint("rate_fen >= 0 AND rate_points > 0", name=op.f("ck_agreement_versions_rate_known")),
        sa.CheckConstraint(
            "signed_by IS NULL OR signed_by <> second_signed_by", name=op.f("ck_agreement_versions_two_people")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "agreement_id"],
            ["agreements.community_id", "agreements.id"],
            name=op.f("fk_agreement_versions_community_id_agreement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "fund_id"],
            ["funds.community_id", "funds.id"],
            name=op.f("fk_agreement_versions_community_id_fund_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "agreement_id", "version", name=op.f("pk_agreement_versions")),
    )
    op.create_table(
        "fund_grants",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("donor", sa.String(length=80), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_fund_grants_amount_positive")),
        sa.ForeignKeyConstraint(
            ["community_id", "fund_id"],
            ["funds.community_id", "funds.id"],
            name=op.f("fk_fund_grants_community_id_fund_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_fund_grants")),
    )
    op.create_table(
        "offers",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("draft_version", sa.BigInteger(), nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('goods', 'service', 'discount_card', 'waiver_card', 'shop_points')",
            name=op.f("ck_offers_kind_known"),
        ),
        sa.CheckConstraint("state IN ('draft', 'active', 'ended')", name=op.f("ck_offers_state_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "agreement_id"],
            ["agreements.community_id", "agreements.id"],
            name=op.f("fk_offers_community_id_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_offers")),
    )
    op.create_index("ix_offers_merchant", "offers", ["community_id", "merchant_id", "state"], unique=False)
    op.create_table(
        "cap_counters",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_cap_counters_taken_not_negative")),
        sa.ForeignKeyConstraint(
            ["community_id", "offer_id"],
            ["offers.community_id", "offers.id"],
            name=op.f("fk_cap_counters_community_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "offer_id", "holder_id", "period", name=op.f("pk_cap_counters")),
    )
    op.create_table(
        "member_codes",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("till_id", sa.Uuid(), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('live', 'used', 'replaced')", name=op.f("ck_member_codes_state_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_member_codes_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_member_codes")),
        sa.UniqueConstraint("community_id", "code_hash", name=op.f("uq_member_codes_community_id_code_hash")),
    )
    op.create_index("ix_member_codes_member", "member_codes", ["community_id", "member_id", "state"], unique=False)
    op.create_table(
        "offer_versions",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("weekdays", sa.BigInteger(), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("until_time", sa.Time(), nullable=True),
        sa.Column("branch_ids", sa.JSON(), nullable=True),
        sa.Column("minimum_bill_fen", sa.BigInteger(), nullable=True),
        sa.Column("per_member_per_day", sa.BigInteger(), nullable=True),
        sa.Column("per_member_per_week", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("points > 0", name=op.f("ck_offer_versions_points_positive")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> actor_id", name=op.f("ck_offer_versions_two_people")
        ),
        sa.CheckConstraint("price_fen IS NULL OR price_fen >= 0", name=op.f("ck_offer_versions_price_not_negative")),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name=op.f("ck_offer_versions_weekdays_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "offer_id"],
            ["offers.community_id", "offers.id"],
            name=op.f("fk_offer_versions_community_id_offer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "offer_id", "version", name=op.f("pk_offer_versions")),
    )
    op.create_table(
        "till_visits",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_till_visits_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_till_visits")),
    )
    op.create_table(
        "redemptions",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("offer_version", sa.BigInteger(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version", sa.BigInteger(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("bill_fen", sa.BigInteger(), nullable=True),
        sa.Column("refunded_points", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("receipt_number", sa.String(length=24), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reserved_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'confirmed', 'cancelled', 'expired', 'refunded_part', 'refunded')",
            name=op.f("ck_redemptions_state_known"),
        ),
        sa.CheckConstraint("via IN ('member_code', 'merchant_code', 'card')", name=op.f("ck_redemptions_via_known")),
        sa.CheckConstraint(
            "refunded_fen >= 0 AND refunded_fen <= gross_fen", name=op.f("ck_redemptions_refund_within_gross")
        ),
        sa.CheckConstraint(
            "refunded_points >= 0 AND refunded_points <= points", name=op.f("ck_redemptions_refund_within_points")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "agreement_id", "agreement_version"],
            ["agreement_versions.community_id", "agreement_versions.agreement_id", "agreement_versions.version"],
            name=op.f("fk_redemptions_community_id_agreement_id_agreement_version"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_redemptions_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "offer_id", "offer_version"],
            ["offer_versions.community_id", "offer_versions.offer_id", "offer_versions.version"],
            name=op.f("fk_redemptions_community_id_offer_id_offer_version"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("community_id", "receipt_number", name=op.f("uq_redemptions_community_id_receipt_number")),
    )
    op.create_index("ix_redemptions_branch", "redemptions", ["community_id", "branch_id", "id"], unique=False)
    op.create_index("ix_redemptions_member", "redemptions", ["community_id", "member_id", "id"], unique=False)
    op.create_index(
        "ix_redemptions_merchant", "redemptions", ["community_id", "merchant_id", "confirmed_at"], unique=False
    )
    op.create_table(
        "refunds",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_refunds_points_positive")),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_refunds_community_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_merchant", "refunds", ["community_id", "merchant_id", "refunded_at"], unique=False)
    op.create_index("ix_refunds_redemption", "refunds", ["community_id", "redemption_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_refunds_redemption", table_name="refunds")
    op.drop_index("ix_refunds_merchant", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("ix_redemptions_merchant", table_name="redemptions")
    op.drop_index("ix_redemptions_member", table_name="redemptions")
    op.drop_index("ix_redemptions_branch", table_name="redemptions")
    op.drop_table("redemptions")
    op.drop_table("till_visits")
    op.drop_table("offer_versions")
    op.drop_index("ix_member_codes_member", table_name="member_codes")
    op.drop_table("member_codes")
    op.drop_table("cap_counters")
    op.drop_index("ix_offers_merchant", table_name="offers")
    op.drop_table("offers")
    op.drop_table("fund_grants")
    op.drop_table("agreement_versions")
    op.drop_table("funds")
    op.drop_index(
        "uq_agreements_live",
        table_name="agreements",
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.drop_table("agreements")
    op.drop_index("ix_branches_merchant", table_name="branches")
    op.drop_table("branches")
    op.drop_index("ix_till_tries_actor", table_name="till_tries")
    op.drop_table("till_tries")
    op.drop_table("merchants")
