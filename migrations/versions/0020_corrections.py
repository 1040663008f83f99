"""Corrections that members ask for; children under fourteen, their guardians, and who consented."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ASKED = "state = 'asked'"


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.String(length=10), nullable=False),
        sa.Column("wanted", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("about IN ('name', 'place', 'other')", name=op.f("ck_corrections_about_known")),
        sa.CheckConstraint(
            "state IN ('asked', 'withdrawn', 'refused', 'done')", name=op.f("ck_corrections_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_corrections_decided_with_its_step")
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR answer <> ''", name=op.f("ck_corrections_refused_with_its_answer")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_corrections_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_corrections")),
    )
    op.create_index(
        "uq_corrections_asked",
        "corrections",
        ["community_id", "member_id", "about"],
        unique=True,
        sqlite_where=sa.text(ASKED),
        postgresql_where=sa.text(ASKED),
    )
    op.create_index("ix_corrections_member", "corrections", ["community_id", "member_id", "id"])
    op.create_index("ix_corrections_state", "corrections", ["community_id", "state", "id"])
    op.add_column("members", sa.Column("child_until", sa.Date(), nullable=True))
    op.add_column(
        "helper_links", sa.Column("is_guardian", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("consents", sa.Column("given_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("consents", "given_by")
    op.drop_column("helper_links", "is_guardian")
    op.drop_column("members", "child_until")
    for name in ("ix_corrections_state", "ix_corrections_member", "uq_corrections_asked"):
        op.drop_index(name, table_name="corrections")
    op.drop_table("corrections")
