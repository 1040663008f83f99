"""History is only added to: triggers refuse UPDATE, DELETE and TRUNCATE of append-only tables on both engines, and
note of every new transfer that it waits for its seal.

SQLite's batch migrations drop triggers silently, so they are installed again after every upgrade (migrations/env.py)
and a test compares what is there with what should be.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.engine import Connection

from ledger.core.partitions import parts_of

APPEND_ONLY = ("transfers", "draws", "audit_lines", "leaves", "tree_nodes", "checkpoints")

_SQLITE = """CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""

_POSTGRESQL_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""

_POSTGRESQL = """CREATE OR REPLACE TRIGGER {table}_no_{what} BEFORE {what} ON {table}
FOR EACH {level} EXECUTE FUNCTION refuse_change()"""

_LEVELS = (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
"""What is refused, and whether for each row; SQLite has no TRUNCATE."""

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


Definitions = dict[str, str]
"""Triggers by name, each with all that it does: on PostgreSQL with the body of its function."""


def expected(dialect: str) -> Definitions:
    """The triggers that a database of this dialect must have, as it gives them back."""
    if dialect == "sqlite":
        refusals = {
            f"{table}_no_{what}": _SQLITE.format(table=table, what=what)
            for table in APPEND_ONLY
            for what in ("update", "delete")
        }
        return refusals | {WAITS: _SQLITE_WAITS}
    refusals = {
        f"{table}_no_{what}": _POSTGRESQL.format(table=table, what=what, level=level)
        for table in APPEND_ONLY
        for what, level in _LEVELS
    }
    bodies = dict.fromkeys(refusals, _POSTGRESQL_FUNCTION) | {WAITS: _POSTGRESQL_WAITS_FUNCTION}
    return {
        name: _as_postgresql_says(sql, bodies[name].split("$$")[1])
        for name, sql in (refusals | {WAITS: _POSTGRESQL_WAITS}).items()
    }


def _as_postgresql_says(trigger: str, body: str) -> str:
    """A definition without what PostgreSQL writes in its own way: blanks, OR REPLACE, the letters' case."""
    return " ".join(trigger.lower().replace("or replace ", "").split()) + f"\n{body.strip()}"


def install(connection: Connection) -> None:
    """Every append-only table that exists refuses change afterwards, and every new transfer waits for its seal."""
    dialect = connection.dialect.name
    there = [table for table in APPEND_ONLY if connection.dialect.has_table(connection, table)]
    if dialect == "postgresql" and there:
        connection.execute(text(_POSTGRESQL_FUNCTION))
        for part in parts_of(connection, there):
            # What is refused for each row a part has from its table; TRUNCATE it has not.
            connection.execute(text(_POSTGRESQL.format(table=part, what="truncate", level="STATEMENT")))
    for table in there:
        for what, level in _LEVELS:
            if dialect == "postgresql":
                connection.execute(text(_POSTGRESQL.format(table=table, what=what, level=level)))
            elif what != "truncate":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{what}"))
                connection.execute(text(_SQLITE.format(table=table, what=what)))
    if connection.dialect.has_table(connection, "unsealed"):
        _install_waiting(connection)


def _install_waiting(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(_POSTGRESQL_WAITS_FUNCTION))
        connection.execute(text(_POSTGRESQL_WAITS))
    else:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {WAITS}"))
        connection.execute(text(_SQLITE_WAITS))


def installed(connection: Connection) -> Definitions:
    """Our triggers that the database has and obeys, each with all that it does: names alone would prove nothing."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql, '' FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = """SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true), prosrc
            FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid
            WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid) AND NOT relispartition
            AND NOT EXISTS (SELECT FROM pg_trigger part WHERE part.tgparentid = pg_trigger.oid
                            AND part.tgenabled NOT IN ('O', 'A'))"""
    rows = [row for row in connection.execute(text(query)).all() if "_no_" in row[0] or row[0] == WAITS]
    if connection.dialect.name == "sqlite":
        return {name: sql for name, sql, _ in rows}
    return {name: _as_postgresql_says(sql, body) for name, sql, body in rows}


def faults(connection: Connection) -> list[str]:
    """What is not as it should be with our triggers, a sentence each."""
    wanted, found = expected(connection.dialect.name), installed(connection)
    wrong = [
        f"trigger {name} is missing" if name not in found else f"trigger {name} does something else than it should"
        for name in sorted(wanted)
        if found.get(name) != wanted[name]
    ]
    return wrong + _open_parts(connection)


def _open_parts(connection: Connection) -> list[str]:
    """The parts of append-only tables that could be emptied."""
    if connection.dialect.name == "sqlite":
        return []
    query = text(
        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(:part) AND tgname = :name"
        " AND tgenabled IN ('O', 'A') AND tgfoid = to_regproc('refuse_change'))"
    )
    return [
        f"trigger {part}_no_truncate is missing"
        for part in parts_of(connection, APPEND_ONLY)
        if not connection.scalar(query, {"part": part, "name": f"{part}_no_truncate"})
    ]
