"""The database: typed base, engine settings for both engines, and `atomic`, the only commit."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Select,
    String,
    Text,
    TypeDecorator,
    Uuid,
    and_,
    cast,
    event,
    func,
    literal,
    select,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.pool import Pool
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.turns import Turns

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

CONNECTION = "connection"
"""What a session's `info` calls the connection of the transaction of `atomic`."""

WITHOUT, WITH_SAVEPOINTS = "without savepoints", "with savepoints"
"""How a transaction of `atomic` runs: the first time without."""

WAITING = "waiting"
"""What a session's `info` calls what the transaction of `atomic` writes last."""

READING = "reading"
"""What a session's `info` calls the engine of whoever only reads."""

ATTEMPTS = 8
"""How often a whole call is run when the engine says that another transaction won."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with offset on both engines; SQLite would give naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs an offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table: names of constraints are fixed so that migrations can name them."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            UUID: Uuid(),
            datetime: UtcDateTime(),
            int: BigInteger(),
            bytes: LargeBinary(),
            dict[str, Any]: JSON(),
            list[Any]: JSON(),
        },
    )


class HouseSession(FlaskSession):
    """There is one database; who only reads speaks to it by `reading_engine` (see `only_read`)."""

    def get_bind(
        self, mapper: Any = None, clause: Any = None, bind: Engine | Connection | None = None, **kwargs: Any
    ) -> Engine | Connection:
        return bind or self.info.get(READING) or self._db.engine


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "class_": HouseSession})


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """A closed list as a CHECK, the same on both engines."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def text(limit: int) -> String:
    return String(limit)


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        # The driver must not open transactions by itself: its late BEGIN loses updates silently.
        connection.isolation_level = None
        # Without recursive_triggers, INSERT OR REPLACE would delete rows behind the append-only triggers.
        for pragma in (
            "busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "recursive_triggers=ON", "synchronous=FULL",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")


RESTS_AT_MOST = 1.0
"""Seconds: a pooled connection that has rested longer is asked whether it still lives before it is used."""


@event.listens_for(Pool, "checkin")
def _goes_to_rest(_connection: Any, record: Any) -> None:
    record.info["rests_since"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _is_woken(connection: Any, record: Any, _proxy: Any) -> None:
    """PostgreSQL: what was used a moment ago lives, or its next statement says that it does not."""
    rests_since = record.info.get("rests_since")
    if rests_since is None or time.monotonic() - rests_since <= RESTS_AT_MOST or not hasattr(connection, "autocommit"):
        return
    before, connection.autocommit = connection.autocommit, True
    try:
        connection.execute("SELECT 1")
    except connection.OperationalError as error:
        raise InvalidatePoolError from error
    connection.autocommit = before


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def reading_engine(engine: Engine, *, by_itself: bool = True) -> Engine:
    """The same connections, for whoever does not write: each SELECT stands alone, and nothing else is taken.

    On PostgreSQL there is no transaction around it (AUTOCOMMIT) unless `by_itself` is False: nothing to begin, nothing
    to take back, and what the driver has prepared stays prepared, which it would not after a ROLLBACK.
    """
    alone = by_itself and engine.dialect.name == "postgresql"
    reads = engine.execution_options(**({"isolation_level": "AUTOCOMMIT"} if alone else {}))
    event.listen(reads, "before_cursor_execute", _refuse_writing)
    return reads


class WroteWhileReading(RuntimeError):
    """A statement that writes was made outside `atomic`."""


def _refuse_writing(_connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
    """By its first word; what a function writes that a SELECT calls is not seen (the house has none)."""
    if not statement.lstrip("( \n").startswith(("SELECT", "WITH", "SAVEPOINT", "ROLLBACK TO", "RELEASE", "BEGIN")):
        raise WroteWhileReading(statement.split(maxsplit=1)[0])


def only_read(reads: Engine | None) -> None:
    """What the session is asked outside `atomic` from now on is asked of the reading engine: so in every request.

    None ends that: a session may outlive its request, where something around it (a test, a command) has made it.
    """
    db.session().info[READING] = reads


def is_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


def xid_of(transaction: ColumnElement[Any]) -> ColumnElement[int]:
    """PostgreSQL: the number of a transaction, as a column keeps it."""
    return cast(cast(transaction, Text), BigInteger)


def oldest_running() -> ColumnElement[int]:
    """PostgreSQL: the number of the oldest transaction that may still write; all below have ended."""
    return xid_of(func.pg_snapshot_xmin(func.pg_current_snapshot()))


def begins(column: Any, words: str) -> ColumnElement[bool]:
    """The column begins with these words, capital for capital; its index serves on both engines, and behind walls.

    PostgreSQL asks nothing but what is leakproof before a wall has spoken: its LIKE is not, ^@ is. SQLite's LIKE knows
    no capitals, so no index serves it.
    """
    if is_postgresql():
        found: ColumnElement[bool] = column.bool_op("^@")(words)
        return found
    return and_(column >= words, column < words + LAST)


LAST = "\U0010ffff"
"""No text that anybody writes goes on with it."""


def sql_now() -> ColumnElement[datetime]:
    """The time that a statement running under a lock sees: the database's own, or the set clock's."""
    if is_postgresql() and not clock.is_set():
        return func.clock_timestamp(type_=UtcDateTime())
    return literal(clock.now(), UtcDateTime())


def moment_now() -> datetime:
    """The present moment as every process of the house sees it: the database's own, or the set clock's."""
    if is_postgresql() and not clock.is_set():
        moment: datetime = db.session.scalars(select(func.clock_timestamp(type_=UtcDateTime()))).one()
        return moment
    return clock.now()


def clock_ahead_seconds() -> float:
    """How far this machine's clock is ahead of the database's (below 0: behind it). SQLite has no clock of its own."""
    return (clock.now() - moment_now()).total_seconds() if is_postgresql() else 0.0


_turns = Turns()


def is_lost_race(error: DBAPIError) -> bool:
    """Did the engine end this transaction because another one won (40001, 40P01, database is locked)?

    So it is with a unique key that was free when the verb looked (23505): run again, the verb sees who has it.
    """
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40001", "40P01", "23505") or "database is locked" in str(error.orig)


def is_out_of_room(error: DBAPIError) -> bool:
    """Could the engine not write, because there is no room (53100, database or disk is full)?"""
    return getattr(error.orig, "sqlstate", None) == "53100" or "database or disk is full" in str(error.orig)


def is_lost_server(error: DBAPIError) -> bool:
    """Was the server gone, going, not yet there, or no longer the one that writes?

    No state, where the connection broke; else 08… (connection), 57P… (shutting down, starting), 25006 (it only reads).
    So it is with one that answers too slowly (57014, statement_timeout; 25P03, idle in transaction).
    """
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:
        return is_postgresql() and isinstance(error, OperationalError)
    return state.startswith(("08", "57P")) or state in ("25006", "57014", "25P03")


def connection() -> Connection:
    """For Core statements: what the hot paths speak through, past all that the ORM would look after."""
    session = db.session()
    return session.info.get(CONNECTION) or session.connection()


def driver_rows(statement: Select[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The statement's rows, at most so many at a time, as the driver gives them: for millions, which cost more to be
    made into objects than to be read. On PostgreSQL in its own binary form.
    """
    here = connection()
    words = str(statement.compile(here, compile_kwargs={"literal_binds": True}))
    driver: Any = here.connection.driver_connection
    with closing(driver.cursor(name="rows", binary=True) if is_postgresql() else driver.cursor()) as cursor:
        cursor.execute(words)
        while rows := cursor.fetchmany(size):
            yield rows


def in_atomic() -> bool:
    return bool(db.session().info.get("atomic"))


def sets_savepoints() -> bool:
    """Does the present transaction set savepoints? If not, whatever raises in one is run again, and then it does."""
    return db.session().info.get("atomic") is not WITHOUT


def atomic(call: Callable[P, R]) -> Callable[P, R]:
    """Afterwards everything `call` wrote is committed, or nothing is.

    Nested calls join the outer one. When the engine reports a lost race the whole call is run again, at most
    ATTEMPTS times; so a call must have no effect outside the database. Rows are detached at the end.
    """

    @functools.wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_atomic():
            return call(*args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _run_once(lambda: call(*args, **kwargs))
            except DBAPIError as error:
                if attempt == ATTEMPTS or not is_lost_race(error):
                    raise
            time.sleep(random.uniform(0, 0.005 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    return run


class _TakenBack(BaseException):
    """Something inside a savepoint that was not set raised: only a second run, which sets it, can tell what follows."""


def _run_once(call: Callable[[], R]) -> R:
    """First without savepoints, which cost two round trips each and are hardly ever gone back to; then with them."""
    with nullcontext() if is_postgresql() else _turns.turn():
        try:
            return _transact(call, sets_savepoints=False)
        except _TakenBack:
            return _transact(call, sets_savepoints=True)


def _transact(call: Callable[[], R], *, sets_savepoints: bool) -> R:
    session = db.session()
    session.close()  # What was read before belongs to an older snapshot; its rows stay usable, detached.
    reads = session.info.pop(READING, None)
    session.info["atomic"] = WITH_SAVEPOINTS if sets_savepoints else WITHOUT
    session.info[WAITING] = {}
    try:
        session.info[CONNECTION] = session.connection(execution_options={"writes": True})
        result = call()
        for write, waiting in session.info[WAITING].items():
            write(waiting)
        session.commit()
        return result
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("atomic", None)
        session.info.pop(CONNECTION, None)
        session.info.pop(WAITING, None)
        session.close()
        session.info[READING] = reads


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything read inside is of one moment, whatever is written meanwhile; inside `atomic` nothing changes."""
    if in_atomic():
        yield
        return
    session = db.session()
    session.close()
    if is_postgresql():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        session.close()


@contextmanager
def savepoint() -> Iterator[None]:
    """Undo only what the block wrote when it raises; the transaction goes on.

    Inside `atomic` the first run has none: where the block raises, all is taken back and run again with savepoints.
    """
    if sets_savepoints():
        with db.session.begin_nested(), _nothing_waits_of_what_raised():
            db.session.connection()  # Sets it now: the session would wait until it is itself asked for something.
            yield
        return
    try:
        yield
    except Exception as error:
        if isinstance(error, DBAPIError) and (is_lost_server(error) or is_out_of_room(error)):
            raise  # No second run would do better.
        raise _TakenBack from error


def write_before_commit(write: Callable[[list[T]], None], what: T) -> None:
    """`write` is called once at the end of the present transaction, with all that was asked of it and still stands."""
    db.session().info[WAITING].setdefault(write, []).append(what)


@contextmanager
def _nothing_waits_of_what_raised() -> Iterator[None]:
    waiting = db.session().info.get(WAITING, {})
    before = {write: len(asked) for write, asked in waiting.items()}
    try:
        yield
    except BaseException:
        for write, asked in waiting.items():
            del asked[before.get(write, 0) :]
        raise


def expect_refusals() -> None:
    """From here on the transaction sets its savepoints: for many items, of which a refused one is nothing unusual."""
    db.session().info["atomic"] = WITH_SAVEPOINTS


@contextmanager
def stepping_back() -> Iterator[Callable[[], None]]:
    """For reading only: what is called after a failed statement lets the transaction read on as if it had not been."""
    place = db.session.begin_nested()

    def step_back() -> None:
        nonlocal place
        place.rollback()
        place = db.session.begin_nested()

    try:
        yield step_back
    finally:
        place.rollback()
