"""Indexes of what few rows have, over those rows only: a reversal's original, a draw's transfer, a draw's hold.

Over all rows they cost every write, and where nearly all are empty SQLite takes a look-up for a reading of the whole.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

NAMED = (
    ("ix_transfers_reverses", "transfers", "reverses_id"),
    ("ix_draws_transfer", "draws", "transfer_id"),
    ("ix_draws_hold", "draws", "hold_id"),
)


def upgrade() -> None:
    for name, table, column in NAMED:
        is_there = text(f"{column} IS NOT NULL")
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["community_id", column], sqlite_where=is_there, postgresql_where=is_there)


def downgrade() -> None:
    for name, table, column in NAMED:
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["community_id", column])
