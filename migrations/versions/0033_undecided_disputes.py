"""Agreements say whose a disputed line is that nobody decides in time; statements name their rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "agreement_versions",
        sa.Column("undecided_for_shop", sa.Boolean(), nullable=False, server_default=sa.text("true")),
    )
    op.add_column("settlements", sa.Column("rules", sa.BigInteger(), nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    op.drop_column("settlements", "rules")
    op.drop_column("agreement_versions", "undecided_for_shop")
