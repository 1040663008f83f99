"""PostgreSQL: the house's own role has no right to change history, so that the database refuses before a trigger does.

The owner migrates; the house runs as another role, which owns nothing and may write only what the house writes.
"""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from ledger.book.triggers import APPEND_ONLY
from ledger.core.partitions import PARTED, parts_of

READ_ONLY = ("alembic_version",)
"""What only migrations write."""


LOCKED = {"transfers": "id"}
"""Rows of history that a verb locks: taking back locks what it takes. PostgreSQL lets only whoever may change a column
lock a row. It is this column; the trigger refuses its every change, and the role cannot remove the trigger.
"""


class RoleRefused(Exception):
    """The role cannot be the house's; the message says why, and what to do."""


def give_rights(connection: Connection, role: str) -> None:
    """The role has exactly the rights that the house needs in this schema; whatever it had there before is gone.

    It reads all, adds to all but the schema's version, and changes and deletes everything but append-only history.
    Tables of later migrations are not in it: give the rights again after each upgrade. Raises RoleRefused when this
    is not PostgreSQL, when there is no such role, or when it is an owner's or a superuser, whom no right stops.
    """
    if connection.dialect.name != "postgresql":
        raise RoleRefused("SQLite has no roles: only PostgreSQL has.")
    _refuse_the_mighty(connection, role)
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(connection.scalar(text("SELECT current_schema()")) or "public")
    tables = set(inspect(connection).get_table_names()) - set(parts_of(connection, PARTED))
    changed = [table for table in sorted(tables) if table not in (*APPEND_ONLY, *READ_ONLY)]
    added = [table for table in sorted(tables) if table not in READ_ONLY]
    name = quote(role)
    for statement in (
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {name}",
        f"REVOKE ALL ON SCHEMA {schema} FROM {name}",
        f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT ON {', '.join(map(quote, sorted(tables)))} TO {name}",
        f"GRANT INSERT ON {', '.join(map(quote, added))} TO {name}",
        f"GRANT UPDATE, DELETE ON {', '.join(map(quote, changed))} TO {name}",
        *(f"GRANT UPDATE ({quote(column)}) ON {quote(table)} TO {name}" for table, column in LOCKED.items()),
    ):
        connection.exec_driver_sql(statement)


def _refuse_the_mighty(connection: Connection, role: str) -> None:
    if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}) is None:
        raise RoleRefused(f"There is no role {role!r}: make it first (CREATE ROLE … LOGIN).")
    owned = text(
        "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(current_schema())"
        " AND pg_has_role(:role, relowner, 'MEMBER')"
    )
    if connection.scalar(owned, {"role": role}):
        raise RoleRefused(f"{role!r} is a superuser, owns tables or may become their owner: no right would stop it.")
    if "transfers" not in inspect(connection).get_table_names():
        raise RoleRefused("There are no tables yet: run `db upgrade` first.")
