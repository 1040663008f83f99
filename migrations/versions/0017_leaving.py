"""Leaving, moving, changed numbers and merged members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MERGED = "merged_into IS NOT NULL"
LIVE_MERGE = "state IN ('awaiting_second', 'done', 'awaiting_undo')"
LIVE_DEATH = "state IN ('awaiting_second', 'recorded', 'closed')"


def upgrade() -> None:
    op.add_column("members", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("members", sa.Column("left_reason", sa.String(length=10), nullable=True))
    op.add_column("members", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_members_merged",
        "members",
        ["community_id", "merged_into"],
        sqlite_where=sa.text(MERGED),
        postgresql_where=sa.text(MERGED),
    )
    op.add_column("phones", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("phones", sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("phones", sa.Column("wrong_proofs", sa.BigInteger(), nullable=True))
    op.add_column("phones", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    _create_merges()
    _create_deaths()
    _create_handovers()
    op.create_table(
        "number_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "way IN ('own', 'staff', 'recycled', 'reported', 'confirmed', 'ended')",
            name=op.f("ck_number_changes_way_known")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_number_changes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_changes")),
    )
    op.create_index("ix_number_changes_person", "number_changes", ["person_id", "id"])


def _create_merges() -> None:
    op.create_table(
        "merges",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("debt", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("undo_reason", sa.String(length=300), nullable=False),
        sa.Column("undo_asked_by", sa.Uuid(), nullable=True),
        sa.Column("undo_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("from_id <> into_id", name=op.f("ck_merges_two_members")),
        sa.CheckConstraint(
            "state = 'withdrawn' OR decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_merges_two_people")
        ),
        sa.CheckConstraint("undone_by IS NULL OR undone_by <> undo_asked_by", name=op.f("ck_merges_two_people_undo")),
        sa.CheckConstraint(
            "state IN ('awaiting_second', 'done', 'declined', 'withdrawn', 'awaiting_undo', 'undone')",
            name=op.f("ck_merges_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "from_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_merges_community_id_from_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "into_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_merges_community_id_into_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_merges")),
    )
    op.create_index(
        "uq_merges_live",
        "merges",
        ["community_id", "from_id"],
        unique=True,
        sqlite_where=sa.text(LIVE_MERGE),
        postgresql_where=sa.text(LIVE_MERGE),
    )
    op.create_index("ix_merges_into", "merges", ["community_id", "into_id"])
    op.create_index("ix_merges_state", "merges", ["community_id", "state", "id"])


def _create_deaths() -> None:
    op.create_table(
        "deaths",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("heir_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heirs_until", sa.Date(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state = 'withdrawn' OR decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_deaths_two_people")
        ),
        sa.CheckConstraint(
            "state IN ('awaiting_second', 'recorded', 'declined', 'withdrawn', 'closed', 'undone')",
            name=op.f("ck_deaths_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_deaths_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "heir_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_deaths_community_id_heir_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_deaths")),
    )
    op.create_index(
        "uq_deaths_live",
        "deaths",
        ["community_id", "member_id"],
        unique=True,
        sqlite_where=sa.text(LIVE_DEATH),
        postgresql_where=sa.text(LIVE_DEATH),
    )
    op.create_index("ix_deaths_state", "deaths", ["community_id", "state", "id"])


def _create_handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "from_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_handovers_community_id_from_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "to_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_handovers_community_id_to_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_handovers")),
    )


def downgrade() -> None:
    op.drop_index("ix_number_changes_person", table_name="number_changes")
    op.drop_table("number_changes")
    op.drop_table("handovers")
    op.drop_index("ix_deaths_state", table_name="deaths")
    op.drop_index("uq_deaths_live", table_name="deaths")
    op.drop_table("deaths")
    for name in ("ix_merges_state", "ix_merges_into", "uq_merges_live"):
        op.drop_index(name, table_name="merges")
    op.drop_table("merges")
    for column in ("held_until", "wrong_proofs", "reported_at", "last_used_at"):
        op.drop_column("phones", column)
    op.drop_index("ix_members_merged", table_name="members")
    for column in ("merged_into", "left_reason", "left_at"):
        op.drop_column("members", column)
