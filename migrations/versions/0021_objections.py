"""What members object to in the record of their visits, and what staff answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ASKED = "state = 'asked'"


def upgrade() -> None:
    op.create_table(
        "objections",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkin_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('minutes', 'points', 'returned', 'void', 'waiting', 'other')",
            name=op.f("ck_objections_reason_known"),
        ),
        sa.CheckConstraint("state IN ('asked', 'answered', 'withdrawn')", name=op.f("ck_objections_state_known")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('kept', 'changed')", name=op.f("ck_objections_outcome_known")
        ),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_at IS NOT NULL)", name=op.f("ck_objections_answered_with_its_time")
        ),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_by IS NOT NULL)", name=op.f("ck_objections_answered_by_somebody")
        ),
        sa.CheckConstraint(
            "(state = 'answered') = (outcome IS NOT NULL)", name=op.f("ck_objections_answered_with_its_outcome")
        ),
        sa.CheckConstraint("(state = 'answered') = (answer <> '')", name=op.f("ck_objections_answered_in_words")),
        sa.ForeignKeyConstraint(
            ["community_id", "checkin_id"],
            ["checkins.community_id", "checkins.id"],
            name=op.f("fk_objections_community_id_checkin_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_objections_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_objections")),
    )
    op.create_index(
        "uq_objections_asked",
        "objections",
        ["community_id", "checkin_id"],
        unique=True,
        sqlite_where=sa.text(ASKED),
        postgresql_where=sa.text(ASKED),
    )
    op.create_index("ix_objections_checkin", "objections", ["community_id", "checkin_id", "id"])
    op.create_index("ix_objections_member", "objections", ["community_id", "member_id", "id"])
    op.create_index("ix_objections_state", "objections", ["community_id", "state", "id"])


def downgrade() -> None:
    for name in ("ix_objections_state", "ix_objections_member", "ix_objections_checkin", "uq_objections_asked"):
        op.drop_index(name, table_name="objections")
    op.drop_table("objections")
