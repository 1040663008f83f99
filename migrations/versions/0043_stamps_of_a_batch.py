"""An index for the stamps of one batch: taking a batch back, and what a visit's neighbours in it were."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_stamps_batch", "stamps", ["community_id", "batch_id"])


def downgrade() -> None:
    op.drop_index("ix_stamps_batch", table_name="stamps")
