"""How often an activity was changed, and when last: a phone's calendar takes over only what is newer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

activities = sa.table("activities", *(sa.column(name) for name in ("revision", "revised_at", "cancelled_at")))


def upgrade() -> None:
    op.add_column("activities", sa.Column("revision", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("activities", sa.Column("revised_at", sa.DateTime(timezone=True), nullable=True))
    ended = activities.c.cancelled_at.is_not(None)
    op.execute(sa.update(activities).where(ended).values(revision=1, revised_at=activities.c.cancelled_at))


def downgrade() -> None:
    op.drop_column("activities", "revised_at")
    op.drop_column("activities", "revision")
