"""History is only added to: triggers refuse UPDATE, DELETE and TRUNCATE of append-only tables on both engines.

SQLite's batch migrations drop triggers silently, so they are installed again after every upgrade (migrations/env.py)
and a test compares what is there with what should be.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

APPEND_ONLY = ("transfers", "draws", "audit_lines")

_SQLITE = """CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_POSTGRESQL_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""

_POSTGRESQL = """CREATE OR REPLACE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
FOR EACH {level} EXECUTE FUNCTION refuse_change()"""


def expected(dialect: str) -> set[str]:
    """The names of the triggers that a database of this dialect must have."""
    events = ("update", "delete") if dialect == "sqlite" else ("update", "delete", "truncate")
    return {f"{table}_no_{what}" for table in APPEND_ONLY for what in events}


def install(connection: Connection) -> None:
    """Every append-only table that exists refuses change afterwards."""
    dialect = connection.dialect.name
    there = [table for table in APPEND_ONLY if connection.dialect.has_table(connection, table)]
    if dialect == "postgresql" and there:
        connection.execute(text(_POSTGRESQL_FUNCTION))
    for table in there:
        for what in ("update", "delete"):
            if dialect == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{what}"))
                connection.execute(text(_SQLITE.format(table=table, what=what)))
            else:
                connection.execute(text(_POSTGRESQL.format(table=table, what=what, level="ROW")))
        if dialect == "postgresql":
            connection.execute(text(_POSTGRESQL.format(table=table, what="truncate", level="STATEMENT")))


def installed(connection: Connection) -> set[str]:
    """The names of the append-only triggers that the database has."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    return {name for (name,) in connection.execute(text(query)) if "_no_" in name}
