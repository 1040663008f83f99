"""Paper cards, their sheets and PINs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ISSUED = "state = 'issued'"


def upgrade() -> None:
    op.create_table(
        "card_sheets",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_card_sheets_community_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_card_sheets")),
    )
    _create_cards()
    op.create_table(
        "card_tries",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_card_tries")),
    )
    op.create_index("ix_card_tries_actor", "card_tries", ["community_id", "actor_id", "at"])
    op.add_column("till_visits", sa.Column("card_id", sa.Uuid(), nullable=True))


def _create_cards() -> None:
    op.create_table(
        "cards",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("pin_salt", sa.LargeBinary(), nullable=True),
        sa.Column("pin_hash", sa.LargeBinary(), nullable=True),
        sa.Column("pin_tries", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('blank', 'issued', 'lost', 'replaced', 'void')", name=op.f("ck_cards_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('issued', 'lost', 'replaced') OR member_id IS NOT NULL",
            name=op.f("ck_cards_held_by_member"),
        ),
        sa.CheckConstraint(
            "state <> 'issued' OR (pin_hash IS NOT NULL AND issued_at IS NOT NULL)",
            name=op.f("ck_cards_issued_with_pin"),
        ),
        sa.CheckConstraint(
            "(state IN ('blank', 'issued')) = (ended_at IS NULL)", name=op.f("ck_cards_ended_with_its_step")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "member_id"],
            ["members.community_id", "members.id"],
            name=op.f("fk_cards_community_id_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "sheet_id"],
            ["card_sheets.community_id", "card_sheets.id"],
            name=op.f("fk_cards_community_id_sheet_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_cards")),
        sa.UniqueConstraint("community_id", "code_index", name=op.f("uq_cards_community_id_code_index")),
    )
    op.create_index(
        "uq_cards_issued",
        "cards",
        ["community_id", "member_id"],
        unique=True,
        sqlite_where=sa.text(ISSUED),
        postgresql_where=sa.text(ISSUED),
    )
    op.create_index("ix_cards_member", "cards", ["community_id", "member_id", "id"])
    op.create_index("ix_cards_sheet", "cards", ["community_id", "sheet_id", "id"])


def downgrade() -> None:
    op.drop_column("till_visits", "card_id")
    op.drop_index("ix_card_tries_actor", table_name="card_tries")
    op.drop_table("card_tries")
    op.drop_index("ix_cards_sheet", table_name="cards")
    op.drop_index("ix_cards_member", table_name="cards")
    op.drop_index("uq_cards_issued", table_name="cards")
    op.drop_table("cards")
    op.drop_table("card_sheets")
