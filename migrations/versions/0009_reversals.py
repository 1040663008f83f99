"""Reversals by hand: asked by one person, approved by a second."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reversal_requests",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("reason_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND amount <= 9007199254740991", name=op.f("ck_reversal_requests_amount_in_range")
        ),
        sa.CheckConstraint(
            "(state = 'awaiting_second') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_reversal_requests_decided_with_its_step"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('posted', 'declined') OR decided_by <> asked_by",
            name=op.f("ck_reversal_requests_two_people"),
        ),
        sa.CheckConstraint(
            "state IN ('awaiting_second', 'posted', 'declined', 'withdrawn')",
            name=op.f("ck_reversal_requests_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "transfer_id"],
            ["transfers.community_id", "transfers.id"],
            name=op.f("fk_reversal_requests_community_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_reversal_requests")),
    )
    op.create_index("ix_reversal_requests_transfer", "reversal_requests", ["community_id", "transfer_id"])
    op.create_index("ix_reversal_requests_state", "reversal_requests", ["community_id", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_reversal_requests_state", table_name="reversal_requests")
    op.drop_index("ix_reversal_requests_transfer", table_name="reversal_requests")
    op.drop_table("reversal_requests")
