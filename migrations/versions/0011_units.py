"""Places that end, service teams, and what the street did as the second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("units", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "teams",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"], ["units.community_id", "units.id"], name=op.f("fk_teams_community_id_unit_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "leader_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_teams_community_id_leader_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_teams")),
    )
    op.create_table(
        "team_members",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "team_id"],
            ["teams.community_id", "teams.id"],
            name=op.f("fk_team_members_community_id_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_team_members_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_team_members")),
    )
    op.create_index(
        "uq_team_members_now",
        "team_members",
        ["community_id", "team_id", "member_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index("ix_team_members_member", "team_members", ["community_id", "member_id"])
    op.create_table(
        "stand_ins",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_stand_ins")),
    )


def downgrade() -> None:
    op.drop_table("stand_ins")
    op.drop_index("ix_team_members_member", table_name="team_members")
    op.drop_index("uq_team_members_now", table_name="team_members")
    op.drop_table("team_members")
    op.drop_table("teams")
    op.drop_column("units", "ended_at")
