"""History is only added to: triggers refuse UPDATE, DELETE and TRUNCATE of append-only tables on both engines, and
note of every new transfer that it waits for its seal.

SQLite's batch migrations drop triggers silently, so they are installed again after every upgrade (migrations/env.py)
and a test compares what is there with what should be.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

APPEND_ONLY = ("transfers", "draws", "audit_lines", "leaves", "tree_nodes", "checkpoints")

_SQLITE = """CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_POSTGRESQL_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""

_POSTGRESQL = """CREATE OR REPLACE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
FOR EACH {level} EXECUTE FUNCTION refuse_change()"""


WAITS = "transfers_wait_for_seal"
"""Every transfer waits for its seal from the moment it is written, whoever wrote it."""

_SQLITE_WAITS = """CREATE TRIGGER transfers_wait_for_seal AFTER INSERT ON transfers
BEGIN INSERT INTO unsealed (community_id, transfer_id) VALUES (NEW.community_id, NEW.id); END"""

_POSTGRESQL_WAITS_FUNCTION = """CREATE OR REPLACE FUNCTION wait_for_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO unsealed (community_id, transfer_id, xid)
  VALUES (NEW.community_id, NEW.id, pg_current_xact_id()::text::bigint);
  RETURN NULL;
END $$"""

_POSTGRESQL_WAITS = """CREATE OR REPLACE TRIGGER transfers_wait_for_seal AFTER INSERT ON transfers
FOR EACH ROW EXECUTE FUNCTION wait_for_seal()"""


def expected(dialect: str) -> set[str]:
    """The names of the triggers that a database of this dialect must have."""
    events = ("update", "delete") if dialect == "sqlite" else ("update", "delete", "truncate")
    return {f"{table}_no_{what}" for table in APPEND_ONLY for what in events} | {WAITS}


def install(connection: Connection) -> None:
    """Every append-only table that exists refuses change afterwards, and every new transfer waits for its seal."""
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
    if connection.dialect.has_table(connection, "unsealed"):
        _install_waiting(connection)


def _install_waiting(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(_POSTGRESQL_WAITS_FUNCTION))
        connection.execute(text(_POSTGRESQL_WAITS))
    else:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {WAITS}"))
        connection.execute(text(_SQLITE_WAITS))


def installed(connection: Connection) -> set[str]:
    """The names of our triggers that the database has."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    return {name for (name,) in connection.execute(text(query)) if "_no_" in name or name == WAITS}
