"""The sign-in of each audit line, indexes for the filters of the audit, and one for answers that are to be forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

REFUSED = sa.text("outcome <> 'done'")
ANSWERED = sa.text("answer IS NOT NULL")


def upgrade() -> None:
    op.add_column("audit_lines", sa.Column("session_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_audit_lines_action",
        "audit_lines",
        ["community_id", "action", "id"],
        postgresql_ops={"action": "varchar_pattern_ops"},
    )
    op.create_index("ix_audit_lines_thing", "audit_lines", ["community_id", "thing_id", "id"])
    op.create_index(
        "ix_audit_lines_refused",
        "audit_lines",
        ["community_id", "outcome", "id"],
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )
    op.create_index(
        "ix_once_keys_answered",
        "once_keys",
        ["community_id", "created_at"],
        sqlite_where=ANSWERED,
        postgresql_where=ANSWERED,
    )


def downgrade() -> None:
    op.drop_index("ix_once_keys_answered", table_name="once_keys")
    for name in ("ix_audit_lines_refused", "ix_audit_lines_thing", "ix_audit_lines_action"):
        op.drop_index(name, table_name="audit_lines")
    op.drop_column("audit_lines", "session_id")
