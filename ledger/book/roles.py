"""PostgreSQL: the house's own role has no right to change history, so that the database refuses before a trigger does.

The owner migrates; the house runs as another role, which owns nothing and may write only what the house writes.
Behind walls it also sees only the rows of the community that its transaction has named (ledger/core/walls.py).
"""

from __future__ import annotations

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from ledger.book import plain_posting
from ledger.book.triggers import APPEND_ONLY
from ledger.core.partitions import PARTED, parts_of
from ledger.core.walls import ABOVE, SETTING

READ_ONLY = ("alembic_version",)
"""What only migrations write."""


LOCKED = {"transfers": "id"}
"""Rows of history that a verb locks: taking back locks what it takes. PostgreSQL lets only whoever may change a column
lock a row. It is this column; the trigger refuses its every change, and the role cannot remove the trigger.
"""


WALL = "wall"
"""The policy's name on every table of a community."""

# As text: what is no id, and what was never set, is then equal to no community instead of a fault. Within COALESCE, for
# the planner takes a bare comparison for one row in a hundred: two tables of a community would be joined row by row.
_MAY = f"COALESCE(current_setting('{SETTING}', true) IN ('{ABOVE}', community_id::text), false)"


class RoleRefused(Exception):
    """The role cannot be the house's; the message says why, and what to do."""


def give_rights(connection: Connection, role: str) -> None:
    """The role has exactly the rights that the house needs in this schema; whatever it had there before is gone.

    It reads all, adds to all but the schema's version, changes and deletes everything but append-only history, and may
    call the writer's function, which does nothing that its caller may not.
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
        f"GRANT EXECUTE ON FUNCTION {schema}.{plain_posting.NAME} TO {name}",
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


def build_walls(connection: Connection) -> None:
    """On every table of a community whoever is not its owner sees and writes only rows of the community named."""
    for table in _walls(connection):
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS {WALL} ON {table}",
            f"CREATE POLICY {WALL} ON {table} USING ({_MAY}) WITH CHECK ({_MAY})",
        ):
            connection.exec_driver_sql(statement)
    for view in _views(connection):  # Else it shows what its owner sees, to whoever may read it.
        connection.exec_driver_sql(f"ALTER VIEW {view} SET (security_invoker = on)")


def take_walls_down(connection: Connection) -> None:
    """Only rights stand between the house and the rows again."""
    for view in _views(connection):
        connection.exec_driver_sql(f"ALTER VIEW {view} RESET (security_invoker)")
    for table in _walls(connection):
        connection.exec_driver_sql(f"DROP POLICY IF EXISTS {WALL} ON {table}")
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def has_walls(connection: Connection) -> bool:
    """Does any table stand behind a wall? Then a table that has come since wants one too."""
    return any(_walls(connection).values())


def without_wall(connection: Connection) -> list[str]:
    """The tables of communities that stand open."""
    return [table for table, has_wall in _walls(connection).items() if not has_wall]


def _views(connection: Connection) -> list[str]:
    quote = connection.dialect.identifier_preparer.quote
    return [quote(name) for name in inspect(connection).get_view_names()]


def _walls(connection: Connection) -> dict[str, bool]:
    """Every table of a community, and whether its wall stands."""
    query = text(
        "SELECT c.relname, c.relrowsecurity AND EXISTS"
        " (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = :wall)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'community_id' AND c.relkind IN ('r', 'p')"
        " AND c.relnamespace = to_regnamespace(current_schema()) ORDER BY c.relname"
    )
    return {name: bool(stands) for name, stands in connection.execute(query, {"wall": WALL})}
