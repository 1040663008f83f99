"""What households and teams are sorted by: pinyin, and in households numbers of one length."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("households", "teams"):
        op.add_column(name, sa.Column("sort_key", sa.String(200), nullable=False, server_default=sa.text("''")))
        ids = (sa.column("community_id", sa.Uuid()), sa.column("id", sa.Uuid()))
        table = sa.table(name, *ids, sa.column("name"), sa.column("sort_key"))
        for community_id, row_id, called in op.get_bind().execute(sa.select(*ids, table.c.name)).all():
            this = sa.and_(table.c.community_id == community_id, table.c.id == row_id)
            op.execute(table.update().where(this).values(sort_key=_key(called, with_numbers=name == "households")))


def _key(called: str, *, with_numbers: bool) -> str:
    if with_numbers:
        called = re.sub("[0-9]+", lambda number: number[0].zfill(4), called)
    return " ".join(lazy_pinyin(called)).lower()[:200]


def downgrade() -> None:
    for name in ("teams", "households"):
        op.drop_column(name, "sort_key")
