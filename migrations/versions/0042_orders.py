"""What lists are sorted by: shops by pinyin, redemptions by points."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchants", sa.Column("sort_key", sa.String(200), nullable=False, server_default=sa.text("''")))
    merchants = sa.table("merchants", sa.column("id", sa.Uuid()), sa.column("name"), sa.column("sort_key"))
    named = op.get_bind().execute(sa.select(merchants.c.id, merchants.c.name)).all()
    for merchant_id, name in named:
        spelled = " ".join(lazy_pinyin(name)).lower()[:200]
        op.execute(merchants.update().where(merchants.c.id == merchant_id).values(sort_key=spelled))
    op.create_index("ix_redemptions_points", "redemptions", ["community_id", "points", "id"])


def downgrade() -> None:
    op.drop_index("ix_redemptions_points", table_name="redemptions")
    op.drop_column("merchants", "sort_key")
