"""Exports and erasures of a person's data."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ASKED = "state = 'asked'"


def upgrade() -> None:
    op.create_table(
        "data_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(content IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_data_exports_erased_whole")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_data_exports_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_exports")),
    )
    op.create_index("ix_data_exports_person", "data_exports", ["person_id", "id"])
    _create_erasures()


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ground", sa.String(length=20), nullable=True),
        sa.Column("retained_until", sa.Date(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erasable_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'withdrawn', 'refused', 'done')", name=op.f("ck_erasures_state_known")
        ),
        sa.CheckConstraint(
            "ground IN ('unsettled_debt', 'open_dispute', 'statutory_retention')", name=op.f("ck_erasures_ground_known")
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (ground IS NOT NULL)", name=op.f("ck_erasures_refused_with_its_ground")
        ),
        sa.CheckConstraint(
            "(retained_until IS NOT NULL) = (ground IS NOT NULL AND ground = 'statutory_retention')",
            name=op.f("ck_erasures_retained_by_law"),
        ),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_erasures_decided_with_its_step")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_erasures_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(
        "uq_erasures_asked",
        "erasures",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text(ASKED),
        postgresql_where=sa.text(ASKED),
    )
    op.create_index("ix_erasures_person", "erasures", ["person_id", "id"])
    op.create_index("ix_erasures_state", "erasures", ["state", "erasable_at"])


def downgrade() -> None:
    for name in ("ix_erasures_state", "ix_erasures_person", "uq_erasures_asked"):
        op.drop_index(name, table_name="erasures")
    op.drop_table("erasures")
    op.drop_index("ix_data_exports_person", table_name="data_exports")
    op.drop_table("data_exports")
