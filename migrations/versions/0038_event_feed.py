"""Events have a place in a feed that a reader follows without gaps; where they go is kept by each receiver.

The columns that counted a delivery of the event as such were never used.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

NEW = sa.text("position IS NULL")


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_feeds")),
    )
    op.drop_index("ix_outbox_events_waiting", table_name="outbox_events")
    op.add_column("outbox_events", sa.Column("position", sa.BigInteger(), nullable=True))
    op.add_column("outbox_events", sa.Column("xid", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("outbox_events") as table:
        table.drop_column("delivered_at")
        table.drop_column("attempts")
    op.execute(
        "UPDATE outbox_events SET position = ranked.place FROM (SELECT community_id, id, "
        "row_number() OVER (PARTITION BY community_id ORDER BY at, id) AS place FROM outbox_events) AS ranked "
        "WHERE ranked.community_id = outbox_events.community_id AND ranked.id = outbox_events.id"
    )
    op.execute(
        "INSERT INTO feeds (community_id, newest) SELECT community_id, max(position) FROM outbox_events GROUP BY community_id"
    )
    op.create_index("ix_outbox_events_position", "outbox_events", ["community_id", "position"], unique=True)
    op.create_index(
        "ix_outbox_events_new", "outbox_events", ["community_id", "at", "id"], sqlite_where=NEW, postgresql_where=NEW
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_events_new", table_name="outbox_events")
    op.drop_index("ix_outbox_events_position", table_name="outbox_events")
    op.add_column("outbox_events", sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox_events", sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("outbox_events") as table:
        table.drop_column("xid")
        table.drop_column("position")
        table.alter_column("attempts", server_default=None)
    op.create_index("ix_outbox_events_waiting", "outbox_events", ["community_id", "delivered_at", "id"], unique=False)
    op.drop_table("feeds")
