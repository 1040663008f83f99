"""PostgreSQL's hash partitions by community, an option of the same migrations: the tables that grow lie in parts.

Every key of these tables begins with the community and every query names it, so a statement meets one part; a part is
vacuumed, indexed and, one day, moved by itself. Which tables grow is told by docs/scale.md.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, event, text
from sqlalchemy.engine import Connection

PARTED = (
    "transfers", "draws", "leaves", "tree_nodes", "rollups", "holds", "audit_lines", "once_keys", "outbox_events",
    "notices", "checkins", "redemptions",
)  # fmt: skip
"""The tables with a row or more for each visit or redemption, for ever."""


MOST = 256


def part(count: int) -> None:
    """Tables of PARTED that are created from now on in this process lie in `count` parts (0: in one; at most MOST)."""
    global _count
    if not 0 <= count <= MOST:
        raise ValueError(f"DATABASE_PARTITIONS is between 0 and {MOST}, not {count}")
    _count = count


_count = 0


def _is_parted(table: Table, connection: Connection) -> bool:
    return bool(_count) and connection.dialect.name == "postgresql" and table.name in PARTED


@event.listens_for(Table, "before_create")
def _by_community(table: Table, connection: Connection, **_more: Any) -> None:
    if _is_parted(table, connection):
        table.dialect_options["postgresql"]["partition_by"] = "HASH (community_id)"


@event.listens_for(Table, "after_create")
def _make_parts(table: Table, connection: Connection, **_more: Any) -> None:
    if _is_parted(table, connection):
        for number in range(_count):
            connection.exec_driver_sql(
                f"CREATE TABLE {table.name}_part{number:02} PARTITION OF {table.name}"
                f" FOR VALUES WITH (MODULUS {_count}, REMAINDER {number})"
            )


def parts_of(connection: Connection, tables: Collection[str]) -> list[str]:
    """The parts of these tables that there are, on PostgreSQL; of tables in one part none."""
    query = text(
        "SELECT part.relname FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid"
        " JOIN pg_class whole ON whole.oid = inhparent WHERE whole.relkind = 'p' AND whole.relname = ANY(:tables)"
        " AND pg_table_is_visible(whole.oid) ORDER BY part.relname"
    )
    return list(connection.scalars(query, {"tables": list(tables)}))
