"""Daily feedback of post holders, and the photos that go with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

GIVEN = "state = 'given'"


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("is_nothing", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "category IN ('safety', 'environment', 'neighbours', 'elders', 'facilities', 'other')",
            name=op.f("ck_feedback_category_known"),
        ),
        sa.CheckConstraint("state IN ('given', 'answered', 'excused')", name=op.f("ck_feedback_state_known")),
        sa.CheckConstraint(
            "(category IS NULL) = (is_nothing OR state = 'excused')", name=op.f("ck_feedback_about_something")
        ),
        sa.CheckConstraint("words = '' OR category IS NOT NULL", name=op.f("ck_feedback_words_of_something")),
        sa.CheckConstraint(
            "(state = 'answered') = (answered_at IS NOT NULL)", name=op.f("ck_feedback_answered_with_its_step")
        ),
        sa.CheckConstraint(
            "(state = 'answered') = (answer <> '')", name=op.f("ck_feedback_answered_with_its_words")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_feedback_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_feedback_community_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "community_id", "member_id", "unit_id", "day", name=op.f("uq_feedback_community_id_member_id_unit_id_day")
        ),
    )
    op.create_index("ix_feedback_day", "feedback", ["community_id", "day"])
    op.create_index(
        "ix_feedback_due",
        "feedback",
        ["community_id", "due_at"],
        sqlite_where=sa.text(GIVEN),
        postgresql_where=sa.text(GIVEN),
    )
    op.create_table(
        "feedback_photos",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("feedback_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"],
            ["files.community_id", "files.id"],
            name=op.f("fk_feedback_photos_community_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "feedback_id"],
            ["feedback.community_id", "feedback.id"],
            name=op.f("fk_feedback_photos_community_id_feedback_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_feedback_photos")),
    )
    op.create_index("ix_feedback_photos_feedback", "feedback_photos", ["community_id", "feedback_id"])


def downgrade() -> None:
    op.drop_table("feedback_photos")
    op.drop_table("feedback")
