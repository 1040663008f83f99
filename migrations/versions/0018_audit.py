"""From where an act came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_lines", sa.Column("origin", sa.String(length=16), nullable=True))
    op.create_index("ix_audit_lines_owner", "audit_lines", ["community_id", "on_behalf_of", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_lines_owner", table_name="audit_lines")
    op.drop_column("audit_lines", "origin")
