"""The redemption calendar, agreements that hold on its day alone, and complaints about goods."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

WAITING = "state IN ('open', 'answered')"


def upgrade() -> None:
    op.add_column(
        "agreement_versions", sa.Column("other_days", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    _create_calendar()
    _create_complaints()


def _create_calendar() -> None:
    op.create_table(
        "redemption_days",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("weekday", sa.BigInteger(), nullable=True),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("venue", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("venue IN ('station', 'shops')", name=op.f("ck_redemption_days_venue_known")),
        sa.CheckConstraint(
            "weekday IS NULL OR weekday BETWEEN 1 AND 7", name=op.f("ck_redemption_days_weekday_known")
        ),
        sa.CheckConstraint("closes > opens", name=op.f("ck_redemption_days_closes_after_opening")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_redemption_days_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_redemption_days")),
    )
    op.create_index("ix_redemption_days_starts", "redemption_days", ["community_id", "starts_on", "id"])
    op.create_table(
        "redemption_day_changes",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("moved_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_redemption_day_changes_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_redemption_day_changes")),
    )
    op.create_index("ix_redemption_day_changes_day", "redemption_day_changes", ["community_id", "day", "id"])


def _create_complaints() -> None:
    op.create_table(
        "complaints",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'closed', 'erased')", name=op.f("ck_complaints_state_known")
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('refunded', 'replaced', 'explained')",
            name=op.f("ck_complaints_outcome_known"),
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_complaints_closed_with_its_outcome")
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_complaints_closed_with_its_time")
        ),
        sa.CheckConstraint(
            "state <> 'answered' OR answered_at IS NOT NULL", name=op.f("ck_complaints_answered_with_its_time")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "redemption_id"],
            ["redemptions.community_id", "redemptions.id"],
            name=op.f("fk_complaints_community_id_redemption_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_complaints_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_complaints")),
    )
    op.create_index(
        "uq_complaints_open",
        "complaints",
        ["community_id", "redemption_id"],
        unique=True,
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    )
    for name, column in (
        ("ix_complaints_member", "member_id"),
        ("ix_complaints_merchant", "merchant_id"),
        ("ix_complaints_state", "state"),
        ("ix_complaints_redemption", "redemption_id"),
    ):
        op.create_index(name, "complaints", ["community_id", column, "id"])
    op.create_table(
        "complaint_photos",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("complaint_id", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "id"],
            ["files.community_id", "files.id"],
            name=op.f("fk_complaint_photos_community_id_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "complaint_id"],
            ["complaints.community_id", "complaints.id"],
            name=op.f("fk_complaint_photos_community_id_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_complaint_photos")),
    )
    op.create_index("ix_complaint_photos_complaint", "complaint_photos", ["community_id", "complaint_id"])


def downgrade() -> None:
    for table in ("complaint_photos", "complaints", "redemption_day_changes", "redemption_days"):
        op.drop_table(table)
    op.drop_column("agreement_versions", "other_days")
