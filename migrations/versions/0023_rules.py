"""Complete rules of programmes: caps, budgets, multipliers, evidence; the day a stamp counts on; the month's budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CAPS = ("max_points_day", "max_points_week", "max_points_month", "max_points_member", "budget_points")

# The day on which the credit began: who is early is credited from the start. As in 0007: China has kept UTC+8 since
# 1991, and SQLite would round a fraction of a second into the next day.
CREDITED_ON = {
    "postgresql": "(GREATEST(c.arrived_at, a.starts_at) AT TIME ZONE 'Asia/Shanghai')::date",
    "sqlite": "date(substr(MAX(c.arrived_at, a.starts_at), 1, 19), '+8 hours')",
}


def upgrade() -> None:
    _widen_rules()
    _date_stamps()
    op.create_table(
        "issuance_budgets",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_issuance_budgets_points_positive")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_issuance_budgets_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "version", name=op.f("pk_issuance_budgets")),
    )
    op.create_table(
        "issuance_alarms",
        sa.Column("community_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("budget_points", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["community_id"], ["communities.id"], name=op.f("fk_issuance_alarms_community_id")
        ),
        sa.PrimaryKeyConstraint("community_id", "month", "level", name=op.f("pk_issuance_alarms")),
    )


def _widen_rules() -> None:
    with op.batch_alter_table("programme_rules") as batch:
        for name in CAPS:
            batch.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("multipliers", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("evidence", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("programme_rules") as batch:
        batch.alter_column("multipliers", server_default=None)
        batch.alter_column("evidence", server_default=None)


def _date_stamps() -> None:
    """Stamps that are there already count on the day of their visit too."""
    day = CREDITED_ON[op.get_bind().dialect.name]
    of_stamp = (
        "FROM checkins c JOIN activities a ON a.community_id = c.community_id AND a.id = c.activity_id "
        "WHERE c.community_id = stamps.community_id AND c.id = stamps.checkin_id"
    )
    op.add_column("stamps", sa.Column("programme_id", sa.Uuid(), nullable=True))
    op.add_column("stamps", sa.Column("credited_on", sa.Date(), nullable=True))
    op.execute(
        f"UPDATE stamps SET programme_id = (SELECT a.programme_id {of_stamp}), credited_on = (SELECT {day} {of_stamp})"
    )
    with op.batch_alter_table("stamps") as batch:
        batch.alter_column("programme_id", existing_type=sa.Uuid(), nullable=False)
        batch.alter_column("credited_on", existing_type=sa.Date(), nullable=False)
        batch.create_foreign_key(
            op.f("fk_stamps_community_id_programme_id"),
            "programmes",
            ["community_id", "programme_id"],
            ["community_id", "id"],
        )
    op.create_index("ix_stamps_credited", "stamps", ["community_id", "credited_on", "programme_id"])


def downgrade() -> None:
    op.drop_table("issuance_alarms")
    op.drop_table("issuance_budgets")
    op.drop_index("ix_stamps_credited", table_name="stamps")
    with op.batch_alter_table("stamps") as batch:
        batch.drop_constraint(op.f("fk_stamps_community_id_programme_id"), type_="foreignkey")
        batch.drop_column("credited_on")
        batch.drop_column("programme_id")
    with op.batch_alter_table("programme_rules") as batch:
        batch.drop_column("evidence")
        batch.drop_column("multipliers")
        for name in reversed(CAPS):
            batch.drop_column(name)
