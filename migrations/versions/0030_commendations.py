"""The year's commendation with what remains of it, and the branch secretary's two lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_commendations()
    _create_nominations()
    _create_reviews()
    _create_public_objections()
    _create_honours()
    _create_priority_entries()


def _create_commendations() -> None:
    op.create_table(
        "commendations",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("bonus_points", sa.BigInteger(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_by", sa.Uuid(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(announced_at IS NULL) = (ends_at IS NULL)",
            name=op.f("ck_commendations_announced_until"),
        ),
        sa.CheckConstraint(
            "bonus_points >= 0 AND (bonus_points = 0 OR kind = 'volunteer')",
            name=op.f("ck_commendations_bonus_for_people"),
        ),
        sa.CheckConstraint(
            "kind IN ('volunteer', 'team', 'shop')",
            name=op.f("ck_commendations_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'nominating', 'announced', 'frozen', 'published', 'dropped')",
            name=op.f("ck_commendations_state_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('frozen', 'published')) = (frozen_at IS NOT NULL) AND (frozen_at IS NULL) = (frozen_by IS NULL)"
            " AND (frozen_at IS NULL) = (document IS NULL) AND (frozen_at IS NULL) = (digest IS NULL)",
            name=op.f("ck_commendations_frozen_with_its_bytes"),
        ),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
            name=op.f("ck_commendations_published_with_its_step"),
        ),
        sa.CheckConstraint(
            "published_by IS NULL OR (published_by <> drafted_by AND published_by <> frozen_by)",
            name=op.f("ck_commendations_two_people"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_commendations_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_commendations")),
    )


def _create_nominations() -> None:
    op.create_table(
        "nominations",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commendation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("merchant_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("nominated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nominated_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(CASE WHEN member_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN team_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN merchant_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_nominations_one_subject"),
        ),
        sa.CheckConstraint(
            "state IN ('nominated', 'announced', 'passed_over', 'struck')",
            name=op.f("ck_nominations_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_nominations_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "commendation_id"],
            ["commendations.community_id", "commendations.id"],
            name=op.f("fk_nominations_community_id_commendation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "team_id"],
            ["teams.community_id", "teams.id"],
            name=op.f("fk_nominations_community_id_team_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_nominations")),
        sa.UniqueConstraint(
            "community_id",
            "commendation_id",
            "member_id",
            name=op.f("uq_nominations_community_id_commendation_id_member_id"),
        ),
        sa.UniqueConstraint(
            "community_id",
            "commendation_id",
            "merchant_id",
            name=op.f("uq_nominations_community_id_commendation_id_merchant_id"),
        ),
        sa.UniqueConstraint(
            "community_id",
            "commendation_id",
            "team_id",
            name=op.f("uq_nominations_community_id_commendation_id_team_id"),
        ),
    )
    op.create_index("ix_nominations_member", "nominations", ["community_id", "member_id"])


def _create_reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nomination_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("is_for", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "nomination_id"],
            ["nominations.community_id", "nominations.id"],
            name=op.f("fk_reviews_community_id_nomination_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint(
            "community_id",
            "nomination_id",
            "reviewer_id",
            name=op.f("uq_reviews_community_id_nomination_id_reviewer_id"),
        ),
    )


def _create_public_objections() -> None:
    op.create_table(
        "public_objections",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commendation_id", sa.Uuid(), nullable=False),
        sa.Column("nomination_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("address_index", sa.LargeBinary(), nullable=True),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_upheld", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (is_upheld IS NULL)",
            name=op.f("ck_public_objections_answered_with_its_step"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "commendation_id"],
            ["commendations.community_id", "commendations.id"],
            name=op.f("fk_public_objections_community_id_commendation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "nomination_id"],
            ["nominations.community_id", "nominations.id"],
            name=op.f("fk_public_objections_community_id_nomination_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_public_objections")),
    )
    op.create_index("ix_public_objections_commendation", "public_objections", ["community_id", "commendation_id", "id"])
    op.create_index("ix_public_objections_person", "public_objections", ["person_id"])


def _create_honours() -> None:
    op.create_table(
        "honours",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nomination_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)",
            name=op.f("ck_honours_revoked_with_its_step"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "nomination_id"],
            ["nominations.community_id", "nominations.id"],
            name=op.f("fk_honours_community_id_nomination_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_honours")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_honours_community_id_number")),
        sa.UniqueConstraint("community_id", "nomination_id", name=op.f("uq_honours_community_id_nomination_id")),
    )


def _create_priority_entries() -> None:
    op.create_table(
        "priority_entries",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_kind", sa.String(length=20), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("birth_year", sa.BigInteger(), nullable=True),
        sa.Column("political_status", sa.String(length=20), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR (birth_year IS NULL AND political_status IS NULL AND note = '')",
            name=op.f("ck_priority_entries_ended_forgets"),
        ),
        sa.CheckConstraint(
            "political_status IS NULL OR political_status IN ('masses', 'league_member', 'applicant', 'party_member')",
            name=op.f("ck_priority_entries_political_status_known"),
        ),
        sa.CheckConstraint(
            "list_kind IN ('community_reserve', 'party_applicants')",
            name=op.f("ck_priority_entries_list_kind_known"),
        ),
        sa.CheckConstraint(
            "agreed_at IS NOT NULL OR (birth_year IS NULL AND political_status IS NULL)",
            name=op.f("ck_priority_entries_facts_agreed_to"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_priority_entries_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_priority_entries")),
    )
    op.create_index("ix_priority_entries_member", "priority_entries", ["community_id", "member_id"])


def downgrade() -> None:
    for table in ("priority_entries", "honours", "public_objections", "reviews", "nominations", "commendations"):
        op.drop_table(table)
