"""Limits per household and person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0029"
branch_labels = None
depends_on = None

LIMITS = ("per_household_per_week", "per_person")


def upgrade() -> None:
    for name in LIMITS:
        op.add_column("offer_versions", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_members_household",
        "members",
        ["community_id", "household_id"],
        sqlite_where=sa.text("household_id IS NOT NULL"),
        postgresql_where=sa.text("household_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_members_household", "members")
    for name in reversed(LIMITS):
        op.drop_column("offer_versions", name)
