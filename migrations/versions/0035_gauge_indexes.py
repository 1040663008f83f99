"""Indexes for what the gauges ask of all communities at once: the failed jobs, and the oldest hold that stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

FAILED = sa.text("state = 'failed'")
PLACED = sa.text("state = 'placed'")


def upgrade() -> None:
    op.create_index("ix_job_runs_failed", "job_runs", ["community_id"], sqlite_where=FAILED, postgresql_where=FAILED)
    op.create_index("ix_holds_oldest", "holds", ["created_at"], sqlite_where=PLACED, postgresql_where=PLACED)


def downgrade() -> None:
    op.drop_index("ix_holds_oldest", table_name="holds")
    op.drop_index("ix_job_runs_failed", table_name="job_runs")
