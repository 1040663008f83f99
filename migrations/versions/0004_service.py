"""Programmes, activities, check-ins and stamps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programmes",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("rule_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_programmes_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_programmes")),
        sa.UniqueConstraint("community_id", "name", name=op.f("uq_programmes_community_id_name")),
    )
    op.create_table(
        "stamp_batches",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_stamp_batches_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_stamp_batches")),
    )
    op.create_table(
        "grant_uses",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_grant_uses_community_id")),
        sa.PrimaryKeyConstraint("community_id", "digest", name=op.f("pk_grant_uses")),
    )
    op.create_table(
        "activities",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=120), nullable=False),
        sa.Column("instructions", sa.String(length=500), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_before_minutes", sa.BigInteger(), nullable=False),
        sa.Column("closes_after_minutes", sa.BigInteger(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("latitude_e6", sa.BigInteger(), nullable=True),
        sa.Column("longitude_e6", sa.BigInteger(), nullable=True),
        sa.Column("poster_code", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'cancelled')", name=op.f("ck_activities_state_known")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_activities_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["community_id", "programme_id"],
            ["programmes.community_id", "programmes.id"],
            name=op.f("fk_activities_community_id_programme_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_activities_community_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_activities")),
        sa.UniqueConstraint("community_id", "poster_code", name=op.f("uq_activities_community_id_poster_code")),
    )
    op.create_index("ix_activities_time", "activities", ["community_id", "starts_at", "id"], unique=False)
    op.create_table(
        "programme_rules",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("rounding_minutes", sa.BigInteger(), nullable=False),
        sa.Column("max_points", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("basis IN ('per_visit', 'per_hour')", name=op.f("ck_programme_rules_basis_known")),
        sa.CheckConstraint("points > 0", name=op.f("ck_programme_rules_points_positive")),
        sa.CheckConstraint("rounding_minutes IN (0, 5, 10, 15)", name=op.f("ck_programme_rules_rounding_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "programme_id"],
            ["programmes.community_id", "programmes.id"],
            name=op.f("fk_programme_rules_community_id_programme_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "programme_id", "version", name=op.f("pk_programme_rules")),
    )
    op.create_table(
        "checkins",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("visit", sa.BigInteger(), nullable=False),
        sa.Column("unit_path", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=True),
        sa.Column("distance_bucket", sa.String(length=10), nullable=True),
        sa.Column("note", sa.JSON(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "evidence IN ('coordinator_scan', 'live_code', 'poster_located', 'poster', 'later')",
            name=op.f("ck_checkins_evidence_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'pending', 'awaiting_second', 'stamped', 'returned', 'void')",
            name=op.f("ck_checkins_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "activity_id"],
            ["activities.community_id", "activities.id"],
            name=op.f("fk_checkins_community_id_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_checkins_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_checkins")),
        sa.UniqueConstraint(
            "community_id",
            "activity_id",
            "member_id",
            "visit",
            name=op.f("uq_checkins_community_id_activity_id_member_id_visit"),
        ),
    )
    op.create_index("ix_checkins_member", "checkins", ["community_id", "member_id", "arrived_at"], unique=False)
    op.create_index("ix_checkins_queue", "checkins", ["community_id", "state", "id"], unique=False)
    op.create_index(
        "uq_checkins_open",
        "checkins",
        ["community_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "stamps",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("checkin_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("rule_version", sa.BigInteger(), nullable=False),
        sa.Column("explanation", sa.String(length=300), nullable=False),
        sa.Column("explanation_en", sa.String(length=300), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("decision IN ('stamp', 'return', 'void')", name=op.f("ck_stamps_decision_known")),
        sa.ForeignKeyConstraint(
            ["community_id", "batch_id"],
            ["stamp_batches.community_id", "stamp_batches.id"],
            name=op.f("fk_stamps_community_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "checkin_id"],
            ["checkins.community_id", "checkins.id"],
            name=op.f("fk_stamps_community_id_checkin_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_stamps")),
    )
    op.create_index("ix_stamps_checkin", "stamps", ["community_id", "checkin_id", "id"], unique=False)
    op.create_index(
        "uq_stamps_live",
        "stamps",
        ["community_id", "checkin_id"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL AND counts"),
        postgresql_where=sa.text("undone_at IS NULL AND counts"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_stamps_live",
        table_name="stamps",
        sqlite_where=sa.text("undone_at IS NULL AND counts"),
        postgresql_where=sa.text("undone_at IS NULL AND counts"),
    )
    op.drop_index("ix_stamps_checkin", table_name="stamps")
    op.drop_table("stamps")
    op.drop_index(
        "uq_checkins_open",
        table_name="checkins",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_checkins_queue", table_name="checkins")
    op.drop_index("ix_checkins_member", table_name="checkins")
    op.drop_table("checkins")
    op.drop_table("programme_rules")
    op.drop_index("ix_activities_time", table_name="activities")
    op.drop_table("activities")
    op.drop_table("grant_uses")
    op.drop_table("stamp_batches")
    op.drop_table("programmes")
