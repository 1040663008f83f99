"""Imports by two people, opening balances among them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=True),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_imports_decided_with_its_step")
        ),
        sa.CheckConstraint(
            "state IN ('faulty', 'checked', 'awaiting_second', 'done', 'declined', 'withdrawn')",
            name=op.f("ck_imports_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('done', 'declined') OR decided_by <> asked_by", name=op.f("ck_imports_two_people")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_imports_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_state", "imports", ["community_id", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_imports_state", table_name="imports")
    op.drop_table("imports")
