"""Salted commitments to what may have to be forgotten, and the request that wrote a transfer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commitments",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(salt IS NULL) = (erased_at IS NOT NULL) AND (value IS NULL) = (erased_at IS NOT NULL)",
            name=op.f("ck_commitments_erased_whole"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_commitments")),
        sa.UniqueConstraint(
            "community_id", "thing_id", "field", name=op.f("uq_commitments_community_id_thing_id_field")
        ),
    )
    op.create_index("ix_commitments_owner", "commitments", ["owner_id"])
    # Without a batch: a copied table would lose its triggers until the end of the upgrade.
    op.add_column("transfers", sa.Column("request_digest", sa.LargeBinary(), nullable=True))
    op.add_column("once_keys", sa.Column("digest", sa.LargeBinary(), nullable=True))
    op.create_index("ix_once_keys_digest", "once_keys", ["community_id", "digest"])


def downgrade() -> None:
    op.drop_index("ix_once_keys_digest", table_name="once_keys")
    op.drop_column("once_keys", "digest")
    op.drop_column("transfers", "request_digest")
    op.drop_index("ix_commitments_owner", table_name="commitments")
    op.drop_table("commitments")
