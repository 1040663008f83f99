"""Levels at which a fund is low, and donors who wish to be named."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0029"
branch_labels = None
depends_on = None

LEVELS = "very_low_fen >= 0 AND low_fen >= very_low_fen"


def upgrade() -> None:
    with op.batch_alter_table("funds") as batch:
        for name, amount in (("low_fen", "100000"), ("very_low_fen", "20000"), ("told_level", "0")):
            batch.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text(amount)))
        batch.create_check_constraint(op.f("ck_funds_levels_in_order"), LEVELS)
    op.add_column("agreements", sa.Column("renewal_told", sa.BigInteger(), nullable=True))
    for name in ("first_signed_at", "owner_signed_at"):
        op.add_column("agreement_versions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("fund_grants", sa.Column("is_named", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    op.drop_column("fund_grants", "is_named")
    for name in ("owner_signed_at", "first_signed_at"):
        op.drop_column("agreement_versions", name)
    op.drop_column("agreements", "renewal_told")
    with op.batch_alter_table("funds") as batch:
        batch.drop_constraint(op.f("ck_funds_levels_in_order"), type_="check")
        for name in ("told_level", "very_low_fen", "low_fen"):
            batch.drop_column(name)
