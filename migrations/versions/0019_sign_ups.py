"""Signing up for activities, with a line for places that become free."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LIVE = "state IN ('placed', 'waiting', 'offered')"


def upgrade() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(state = 'offered') = (offered_until IS NOT NULL)", name=op.f("ck_sign_ups_offered_until_its_time")
        ),
        sa.CheckConstraint(
            "state IN ('placed', 'waiting', 'offered', 'cancelled', 'lapsed')", name=op.f("ck_sign_ups_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activities.community_id", "activities.id"],
            name=op.f("fk_sign_ups_community_id_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_sign_ups_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_sign_ups")),
    )
    op.create_index(
        "uq_sign_ups_live",
        "sign_ups",
        ["community_id", "activity_id", "member_id"],
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    )
    op.create_index("ix_sign_ups_activity", "sign_ups", ["community_id", "activity_id", "state", "id"])
    op.create_index("ix_sign_ups_member", "sign_ups", ["community_id", "member_id", "id"])
    op.create_index("ix_sign_ups_offered", "sign_ups", ["community_id", "offered_until"])


def downgrade() -> None:
    for name in ("ix_sign_ups_offered", "ix_sign_ups_member", "ix_sign_ups_activity", "uq_sign_ups_live"):
        op.drop_index(name, table_name="sign_ups")
    op.drop_table("sign_ups")
