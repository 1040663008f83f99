"""Signed summaries with the months they close, certificates, and tries of numbers that are none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closed_months",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("community_id", "month", name=op.f("pk_closed_months")),
    )
    _create_summaries()
    _create_certificates()
    op.create_table(
        "verify_tries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verify_tries")),
    )
    op.create_index("ix_verify_tries_address", "verify_tries", ["address_index", "at"])


def _create_summaries() -> None:
    op.create_table(
        "summaries",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'signed', 'published')", name=op.f("ck_summaries_state_known")),
        sa.CheckConstraint("state <> 'draft'", name=op.f("ck_summaries_signed")),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL) AND (published_at IS NULL) = (published_by IS NULL)",
            name=op.f("ck_summaries_published_with_its_step"),
        ),
        sa.CheckConstraint(
            "published_by IS NULL OR published_by <> signed_by", name=op.f("ck_summaries_two_people")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["communities.id"], name=op.f("fk_summaries_community_id")),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_summaries")),
        sa.UniqueConstraint("community_id", "month", name=op.f("uq_summaries_community_id_month")),
    )


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'issued', 'revoked', 'declined')", name=op.f("ck_certificates_state_known")
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_certificates_ends_after_start")),
        sa.CheckConstraint(
            "(state IN ('issued', 'revoked')) = (number IS NOT NULL) AND (number IS NULL) = (document IS NULL)"
            " AND (number IS NULL) = (digest IS NULL) AND (number IS NULL) = (issued_at IS NULL)"
            " AND (number IS NULL) = (issued_by IS NULL)",
            name=op.f("ck_certificates_issued_with_its_number"),
        ),
        sa.CheckConstraint(
            "(state IN ('revoked', 'declined')) = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_certificates_ended_with_its_step"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_certificates_community_id_member_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_certificates_community_id_number")),
    )
    op.create_index("ix_certificates_member", "certificates", ["community_id", "member_id", "id"])
    op.create_index("ix_certificates_state", "certificates", ["community_id", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_verify_tries_address", table_name="verify_tries")
    op.drop_table("verify_tries")
    for name in ("ix_certificates_state", "ix_certificates_member"):
        op.drop_index(name, table_name="certificates")
    op.drop_table("certificates")
    op.drop_table("summaries")
    op.drop_table("closed_months")
