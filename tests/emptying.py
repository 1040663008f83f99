"""A PostgreSQL database brought back to its template with its connection kept.

Copying a database takes as long as most tests take, and whoever connects anew reads every table's description again.
So only rows are put back, and only while nothing but rows has changed: after DDL, or when somebody still holds a lock,
the caller copies the template instead.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

SHAPE = """
SELECT (SELECT sum(hashtextextended(concat(oid, relname, relkind, relowner, relacl, relrowsecurity, relnatts), 0))
        FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relkind <> 't'),
       (SELECT sum(hashtextextended(concat(oid, tgenabled), 0)) FROM pg_trigger),
       (SELECT sum(hashtextextended(concat(oid, conname, convalidated), 0)) FROM pg_constraint WHERE oid >= 16384),
       (SELECT sum(hashtextextended(concat(oid, prosrc, proacl), 0)) FROM pg_proc WHERE oid >= 16384),
       (SELECT sum(hashtextextended(concat(attrelid, attname, attnum, atttypid, attnotnull, attacl, attisdropped), 0))
        FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0),
       (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_statistic_ext), (SELECT max(oid) FROM pg_namespace)
"""
"""What a test changes of the database when it changes more than rows: names, rights, columns, triggers, constraints."""

VACUUM_EVERY = 100
"""Rows that were deleted are passed over by every later scan until the table is swept."""


class Emptying:
    """How one database, as it is now, is brought back to it."""

    def __init__(self, address: str) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
            tables = connection.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                " AND relnamespace = 'public'::regnamespace ORDER BY relname"
            ).fetchall()
            holding = sql.SQL("CASE WHEN EXISTS (SELECT FROM {}) THEN {} END")
            each = [holding.format(sql.Identifier(name), sql.Literal(name)) for (name,) in tables]
            self._holding = sql.SQL("SELECT array_remove(ARRAY[{}], NULL)").format(sql.SQL(", ").join(each))
            self._kept = {name: _rows_of(connection, name) for name in self._full(connection)}
        self._times = 0

    def bring_back(self, engine: Engine) -> bool:
        """The database holds what it held at first; False: it was left as it is, and has to be copied."""
        assert isinstance(engine.pool, QueuePool)
        if engine.pool.checkedout() or engine.pool.checkedin() > 1:
            engine.dispose()
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return self._bring_back(connection.connection.driver_connection)
        except (psycopg.Error, SQLAlchemyError):
            engine.dispose()
            return False

    def _bring_back(self, driver: Any) -> bool:
        if driver.execute(SHAPE, prepare=True).fetchone() != self._shape:
            return False
        with driver.transaction():
            driver.execute("SET LOCAL session_replication_role = replica")  # No trigger guards what a test wrote.
            driver.execute("SET LOCAL lock_timeout = '2s'")
            for name in self._full(driver):
                driver.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name, rows in self._kept.items():
                with driver.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                    copy.write(rows)
            driver.execute(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
                " FROM pg_sequences WHERE last_value IS NOT NULL"
            )
        self._times += 1
        if self._times % VACUUM_EVERY == 0:
            driver.execute("VACUUM")
        return True

    def _full(self, driver: Any) -> list[str]:
        names: list[str] = driver.execute(self._holding, prepare=True).fetchone()[0]
        return names


def _rows_of(connection: psycopg.Connection[Any], name: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(name))) as copy:
        return b"".join(bytes(part) for part in copy)
