"""Flags of the detectors, and the redemptions that they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KINDS = "'ring', 'shop_share', 'round_trip', 'after_hours', 'shared_device', 'shared_helper', 'burst'"


def upgrade() -> None:
    _create_flags()
    op.create_table(
        "flagged_redemptions",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "flag_id"],
            ["flags.community_id", "flags.id"],
            name=op.f("fk_flagged_redemptions_community_id_flag_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_flagged_redemptions_community_id_redemption_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "flag_id", "redemption_id", name=op.f("pk_flagged_redemptions")),
    )
    op.create_index(
        "ix_flagged_redemptions_redemption", "flagged_redemptions", ["community_id", "redemption_id"]
    )


def _create_flags() -> None:
    op.create_table(
        "flags",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_flags_kind_known")),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'dismissed', 'released')", name=op.f("ck_flags_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('confirmed', 'dismissed')) = (decided_by IS NOT NULL)",
            name=op.f("ck_flags_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_flags_decided_with_its_time")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_flags_community_id")),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_flags_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_flags")),
        sa.UniqueConstraint("community_id", "kind", "subject", name=op.f("uq_flags_community_id_kind_subject")),
    )
    op.create_index("ix_flags_state", "flags", ["community_id", "state", "id"])
    op.create_index(
        "ix_flags_member",
        "flags",
        ["community_id", "member_id"],
        sqlite_where=sa.text("member_id IS NOT NULL"),
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_flagged_redemptions_redemption", table_name="flagged_redemptions")
    op.drop_table("flagged_redemptions")
    op.drop_index("ix_flags_member", table_name="flags")
    op.drop_index("ix_flags_state", table_name="flags")
    op.drop_table("flags")
