"""Whom a community's people may call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("communities", sa.Column("telephone", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("communities", "telephone")
