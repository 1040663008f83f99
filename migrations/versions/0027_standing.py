"""Series of activities, standing activities with their days, plates at doors, visit notes that ask for something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OF_ACTIVITIES = (
    ("series_id", sa.Uuid()),
    ("standing_id", sa.Uuid()),
    ("day", sa.Date()),
    ("opens_minute", sa.BigInteger()),
    ("closes_minute", sa.BigInteger()),
)
OF_CHECKINS = (
    ("plate_id", sa.Uuid()),
    ("noted_by", sa.Uuid()),
    ("follow_up", sa.String(length=10)),
    ("followed_up_at", sa.DateTime(timezone=True)),
    ("followed_up_by", sa.Uuid()),
)
ASKS = "follow_up IS NOT NULL"


def upgrade() -> None:
    for name, kind in OF_ACTIVITIES:
        op.add_column("activities", sa.Column(name, kind, nullable=True))
    op.create_index("ix_activities_series", "activities", ["community_id", "series_id"])
    op.create_index("uq_activities_day", "activities", ["community_id", "standing_id", "day"], unique=True)
    for name, kind in OF_CHECKINS:
        op.add_column("checkins", sa.Column(name, kind, nullable=True))
    # Who wrote a note was not kept until now: it came with the last hand on the visit.
    op.execute(
        "UPDATE checkins SET noted_by = COALESCE(closed_by, recorded_by)"
        " WHERE note IS NOT NULL AND CAST(note AS TEXT) <> 'null'"
    )
    op.create_index(
        "ix_checkins_follow_up",
        "checkins",
        ["community_id", "follow_up", "id"],
        sqlite_where=sa.text(ASKS),
        postgresql_where=sa.text(ASKS),
    )
    _create_plates()


def _create_plates() -> None:
    op.create_table(
        "plates",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("standing_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('active', 'retired')", name=op.f("ck_plates_state_known")),
        sa.CheckConstraint(
            "(state = 'retired') = (retired_at IS NOT NULL)", name=op.f("ck_plates_retired_with_its_time")
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "standing_id"],
            ["activities.community_id", "activities.id"],
            name=op.f("fk_plates_community_id_standing_id"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "unit_id"],
            ["units.community_id", "units.id"],
            name=op.f("fk_plates_community_id_unit_id"),
        ),
        sa.PrimaryKeyConstraint("community_id", "id", name=op.f("pk_plates")),
        sa.UniqueConstraint("community_id", "code", name=op.f("uq_plates_community_id_code")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_plates_community_id_number")),
    )
    op.create_index("ix_plates_standing", "plates", ["community_id", "standing_id", "number"])
    op.create_index("ix_plates_unit", "plates", ["community_id", "unit_id"])


def downgrade() -> None:
    op.drop_table("plates")
    op.drop_index("ix_checkins_follow_up", table_name="checkins")
    for name, _ in reversed(OF_CHECKINS):
        op.drop_column("checkins", name)
    op.drop_index("uq_activities_day", table_name="activities")
    op.drop_index("ix_activities_series", table_name="activities")
    for name, _ in reversed(OF_ACTIVITIES):
        op.drop_column("activities", name)
