"""Who acts for whom; how a notice reaches its person: by a message, or handed over on paper."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "helper_links",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("helper_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_in_presence", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("member_id <> helper_id", name=op.f("ck_helper_links_two_members")),
        sa.CheckConstraint("state IN ('asked', 'live', 'declined', 'ended')", name=op.f("ck_helper_links_state_known")),
        sa.CheckConstraint(
            "relation IN ('child', 'spouse', 'parent', 'grandchild', 'sibling', 'relative')",
            name=op.f("ck_helper_links_relation_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('live', 'ended') OR (consented_at IS NOT NULL AND accepted_at IS NOT NULL)",
            name=op.f("ck_helper_links_both_agreed"),
        ),
        sa.CheckConstraint(
            "(state IN ('asked', 'live')) = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_helper_links_ended_with_its_step"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_helper_links_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "helper_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_helper_links_community_id_helper_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_helper_links")),
    )
    is_open = sa.text("state IN ('asked', 'live')")
    op.create_index(
        "uq_helper_links_open",
        "helper_links",
        ["community_id", "member_id", "helper_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_helper_links_helper", "helper_links", ["community_id", "helper_id"])
    op.add_column("notices", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notices", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notices", sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notices", sa.Column("handed_over_by", sa.Uuid(), nullable=True))
    waits = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_notices_due", "notices", ["community_id", "due_at"], sqlite_where=waits, postgresql_where=waits
    )


def downgrade() -> None:
    op.drop_index("ix_notices_due", table_name="notices")
    for column in ("handed_over_by", "handed_over_at", "sent_at", "due_at"):
        op.drop_column("notices", column)
    op.drop_index("ix_helper_links_helper", table_name="helper_links")
    op.drop_index("uq_helper_links_open", table_name="helper_links")
    op.drop_table("helper_links")
