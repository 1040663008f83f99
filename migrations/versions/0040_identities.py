"""Which accounts at the identity provider open whose session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_identities_person_id"),
        sa.UniqueConstraint("subject_index", name="uq_identities_subject_index"),
    )
    op.create_index("ix_identities_person", "identities", ["person_id"])


def downgrade() -> None:
    op.drop_table("identities")
