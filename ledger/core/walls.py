"""PostgreSQL's second wall between communities: a statement sees the rows of the community that was named for it.

The first wall is the condition in every query (tenancy.py). Behind it row-level security (ledger/book/roles.py)
compares each row with what the connection has said of itself; whoever said nothing sees nothing. Entrances say it: an
address, a job, a command. What looks across communities says so where it does, with `above` (ADR 0044).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from ledger.core.db import db, in_atomic

SETTING = "redflower.community"
"""What a connection says of itself, for a transaction or beyond: a community's id, ABOVE, or nothing."""

ABOVE = "*"

_named: ContextVar[str] = ContextVar("named", default="")

_NAME = f"SELECT set_config('{SETTING}', %s, %s)"
_STANDS = f"{SETTING}, until it is named anew"
_BETWEEN_SAVEPOINTS = ("SAVEPOINT ", "ROLLBACK TO SAVEPOINT ", "RELEASE SAVEPOINT ")


@contextmanager
def inside(community_id: UUID) -> Iterator[None]:
    """What is asked of the database in the block is asked inside this community, and sees no other."""
    with _standing(str(community_id)):
        yield


@contextmanager
def above() -> Iterator[None]:
    """What is asked in the block stands above communities. For a function, or the few lines, that ask across them."""
    with _standing(ABOVE):
        yield


@contextmanager
def _standing(where: str) -> Iterator[None]:
    """Rows that wait to be written are written where they were made."""
    if _named.get() == where:
        yield
        return
    _write_what_waits()
    before = _named.set(where)
    try:
        yield
        _write_what_waits()
    finally:
        _named.reset(before)


def _write_what_waits() -> None:
    if in_atomic():
        db.session.flush()


def enter(community_id: UUID) -> None:
    """From now on, until `leave`, everything is asked inside this community: for an entrance that is no block."""
    _named.set(str(community_id))


def leave() -> None:
    """Nothing is named any more."""
    _named.set("")


def stand_behind(engine: Engine) -> None:
    """Before the engine asks anything its connection has said for whom: once, and again where that changes.

    What is said in a transaction ends with it. A connection that reads without one (`reading_engine`) stands where it
    was put, also when somebody else has it next; they are compared with that before their first statement.
    """
    if engine.dialect.name != "postgresql":
        raise RuntimeError("DATABASE_WALLS needs PostgreSQL: SQLite has no row-level security")
    event.listen(engine, "begin", _as_it_stands)
    event.listen(engine, "rollback_savepoint", _forget)
    event.listen(engine, "before_cursor_execute", _name_first)


def _as_it_stands(connection: Connection) -> None:
    """A new transaction has said nothing yet of its own."""
    connection.info[SETTING] = connection.info.get(_STANDS, "")


def _forget(connection: Connection, *_savepoint: Any) -> None:
    """What was said behind the savepoint is taken back; what stands now is said again before it is asked."""
    connection.info[SETTING] = None


def _name_first(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
    where, info = _named.get(), connection.info
    if info.get(SETTING, "") == where or statement.startswith(_BETWEEN_SAVEPOINTS):
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(_NAME, (where, not driver.autocommit))
    info[SETTING] = where
    if driver.autocommit:
        info[_STANDS] = where
