"""An opening (a neighbourhood, a street, a day) is told by the verbs once; later tests find its rows put back.

Telling what a test starts with takes longer than most tests take. What is put back are the rows that the verbs wrote,
whole and unchanged, and only into a house where nobody is: a second neighbourhood of one test is told anew.
"""

from __future__ import annotations

import functools
import os
import pickle
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import text

from ledger.core import clock, ids
from ledger.core.db import Base, atomic, db

P = ParamSpec("P")
T = TypeVar("T")

BEHIND_WALLS = "REDFLOWER_TEST_WALLS" in os.environ
"""Row-level security takes no COPY: everything is told."""

Rows = dict[str, Any]
"""What is in each table that is not empty, in the form of its engine."""


class Opening(NamedTuple):
    """What was told: the rows that it left, what the teller answered, where the clock was left, and the newest id."""

    rows: Rows
    answer: bytes
    clock_set_to: datetime | None
    newest_id: int


_openings: dict[Any, Opening] = {}


def told_once(tell: Callable[P, T]) -> Callable[P, T]:
    """`tell` writes its rows by the verbs into the first empty house; into later ones its rows are put back."""

    @functools.wraps(tell)
    def open_it(*args: P.args, **kwargs: P.kwargs) -> T:
        if BEHIND_WALLS or not _nobody_is_there():
            return tell(*args, **kwargs)
        key = (db.engine.url, tell.__qualname__, args, tuple(sorted(kwargs.items())), _clock_set_to())
        if key not in _openings:
            told = tell(*args, **kwargs)
            _openings[key] = Opening(_take_rows(), pickle.dumps(told), _clock_set_to(), ids._last)
        else:
            _put_back(_openings[key].rows)
            clock.move_to(_openings[key].clock_set_to)
            ids._last = _openings[key].newest_id  # What is made next comes after what was put back.
        answer: T = pickle.loads(_openings[key].answer)
        return answer

    return open_it


def _clock_set_to() -> datetime | None:
    return clock.now() if clock.is_set() else None


@atomic
def _nobody_is_there() -> bool:
    return db.session.execute(text("SELECT 1 FROM persons LIMIT 1")).first() is None


@atomic
def _take_rows() -> Rows:
    taken = {table.name: _engine().take(_driver(), table.name) for table in Base.metadata.sorted_tables}
    return {name: rows for name, rows in taken.items() if rows}


@atomic
def _put_back(rows: Rows) -> None:
    _engine().allow_any_order(_driver())
    for name, of_table in rows.items():
        _engine().put(_driver(), name, of_table)


def _driver() -> Any:
    return db.session.connection().connection.driver_connection


def _engine() -> type[Sqlite | Postgresql]:
    return Sqlite if db.engine.dialect.name == "sqlite" else Postgresql


class Sqlite:
    """Rows as SQLite's module reads and writes them."""

    @staticmethod
    def take(driver: sqlite3.Connection, table: str) -> list[Any]:
        return driver.execute(f"SELECT * FROM {table}").fetchall()

    @staticmethod
    def put(driver: sqlite3.Connection, table: str, rows: list[Any]) -> None:
        # A trigger has written some rows already, beside those that it belongs to.
        driver.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    @staticmethod
    def allow_any_order(driver: sqlite3.Connection) -> None:
        """A row may stand before the one that it points to, until the end of the transaction."""
        driver.execute("PRAGMA defer_foreign_keys = ON")


class Postgresql:
    """Rows as COPY reads and writes them."""

    @staticmethod
    def take(driver: psycopg.Connection[Any], table: str) -> bytes:
        with driver.cursor().copy(sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(table))) as copy:
            return b"".join(bytes(part) for part in copy)

    @staticmethod
    def put(driver: psycopg.Connection[Any], table: str, rows: bytes) -> None:
        with driver.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
            copy.write(rows)

    @staticmethod
    def allow_any_order(driver: psycopg.Connection[Any]) -> None:
        """Neither keys of other tables nor triggers are looked at: every row passed them when it was first told."""
        driver.execute("SET LOCAL session_replication_role = replica")
