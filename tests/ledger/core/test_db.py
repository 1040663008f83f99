"""`atomic`: everything or nothing, nested calls join, a lost race is run again, and no update is ever lost."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.pq import TransactionStatus
from sqlalchemy import create_engine, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from ledger.core import audit, clock, walls
from ledger.core import db as database
from ledger.core.db import (
    WroteWhileReading,
    atomic,
    begins,
    connection,
    db,
    expect_refusals,
    in_atomic,
    is_postgresql,
    only_read,
    reading_engine,
    savepoint,
    snapshot,
    sql_now,
)
from ledger.core.files import File, keep_file
from ledger.core.ids import new_id
from ledger.core.numbers import NumberSeries, next_in_series
from ledger.core.tenancy import Actor, load, scoped
from tests.counting import counted_statements
from tests.ledger.book.town import at_once

HERE = new_id()
SOMEBODY = Actor(person_id=new_id(), community_id=HERE)


@atomic
def count(series: str) -> int:
    return next_in_series(HERE, series)


@atomic
def last(series: str) -> int:
    return db.session.scalar(scoped(HERE, NumberSeries.last).where(NumberSeries.series == series)) or 0


class Trouble(Exception):
    """Something that a call did not expect."""


def fail_after_counting(series: str) -> None:
    count(series)
    raise Trouble


def test_what_ends_well_is_committed(context: Flask) -> None:
    count("a")
    db.session.remove()
    assert last("a") == 1


def test_what_raises_leaves_nothing(context: Flask) -> None:
    @atomic
    def fail() -> None:
        next_in_series(HERE, "a")
        raise Trouble

    with pytest.raises(Trouble):
        fail()
    assert last("a") == 0


def test_a_nested_call_joins_the_outer_one(context: Flask) -> None:
    @atomic
    def fail() -> None:
        count("a")
        assert in_atomic()
        raise Trouble

    with pytest.raises(Trouble):
        fail()
    assert (last("a"), in_atomic()) == (0, False)


def test_a_nested_call_sees_what_the_outer_one_wrote(context: Flask) -> None:
    @atomic
    def twice() -> tuple[int, int]:
        return count("a"), count("a")

    assert twice() == (1, 2)


def test_a_savepoint_undoes_only_its_block(context: Flask) -> None:
    @atomic
    def partly() -> None:
        count("a")
        with pytest.raises(Trouble), savepoint():
            fail_after_counting("b")
        count("c")

    partly()
    assert (last("a"), last("b"), last("c")) == (1, 0, 1)


def test_savepoints_are_set_only_where_something_is_taken_back_to_one(context: Flask) -> None:
    runs = []

    @atomic
    def sometimes(*, fails: bool) -> None:
        runs.append(fails)
        with savepoint():
            count("a")
        with suppress(Trouble), savepoint():
            count("b")
            if fails:
                raise Trouble

    with counted_statements() as quick:
        sometimes(fails=False)
    with counted_statements() as careful:
        sometimes(fails=True)
    assert [len([one for one in seen if one.startswith("SAVEPOINT")]) for seen in (quick, careful)] == [0, 2]
    assert (runs, last("a"), last("b")) == ([False, True, True], 2, 1)


def test_a_savepoint_stands_before_what_bypasses_the_session(context: Flask) -> None:
    @atomic
    def partly() -> None:
        with suppress(Trouble), savepoint():
            connection().execute(insert(NumberSeries), {"community_id": HERE, "series": "a", "last": 7})
            raise Trouble

    partly()
    assert last("a") == 0


def test_who_expects_refusals_is_not_run_again_for_one(context: Flask) -> None:
    runs = []

    @atomic
    def many() -> None:
        runs.append(1)
        expect_refusals()
        for name in ("a", "b", "c"):
            with suppress(Trouble), savepoint():
                fail_after_counting(name) if name == "b" else count(name)

    many()
    assert (len(runs), last("a"), last("b"), last("c")) == (1, 1, 0, 1)


def test_who_only_reads_is_in_no_transaction_and_writes_nothing(context: Flask) -> None:
    only_read(reading_engine(db.engine))
    assert last("a") == 0
    assert count("a") == 1, "a verb still writes"
    if is_postgresql():
        driver: Any = connection().connection.driver_connection
        assert driver.info.transaction_status == TransactionStatus.IDLE
    assert db.session.scalar(select(func.count()).select_from(NumberSeries)) == 1
    with pytest.raises(WroteWhileReading, match="DELETE"):
        db.session.execute(delete(NumberSeries))
    with snapshot(), pytest.raises(WroteWhileReading, match="UPDATE"):
        db.session.execute(update(NumberSeries).values(last=7))
    only_read(None)
    db.session.execute(update(NumberSeries).values(last=7))
    db.session.rollback()
    assert last("a") == 1


def test_a_connection_that_died_at_rest_is_found_before_it_is_used(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_postgresql():
        pytest.skip("SQLite has no server that could end one")
    resting = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.close()
    other = create_engine(db.engine.url)
    with other.connect() as connected:
        connected.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": resting})
    other.dispose()
    monkeypatch.setattr(database, "RESTS_AT_MOST", -1.0)
    assert db.session.scalar(text("SELECT pg_backend_pid()")) != resting


def test_a_session_that_outlives_its_request_reads_and_writes_again(context: Flask) -> None:
    answer = FlaskClient(context).get("/healthz")  # In the test's own context, unlike the clients of other tests.
    assert answer.status_code == 200
    with walls.above():  # Where the test stood before its request left all communities.
        db.session.execute(insert(NumberSeries), {"community_id": HERE, "series": "a", "last": 7})
        db.session.rollback()
        assert last("a") == 0


def test_rows_are_detached_at_the_end_and_still_readable(context: Flask) -> None:
    file = atomic(keep_file)(SOMEBODY, b"picture", media_type="image/png")
    assert file not in db.session
    assert file.size == 7


def test_an_unexpected_read_before_a_call_does_not_hold_an_old_picture(context: Flask) -> None:
    db.session.scalar(select(func.count()).select_from(NumberSeries))
    with context.app_context():
        count("a")
    assert count("a") == 2


class Locked(sqlite3.OperationalError):
    """What the engine says when another transaction won."""

    sqlstate = "40001"


def lost_race() -> OperationalError:
    return OperationalError("UPDATE", {}, Locked("database is locked"))


def test_a_lost_race_is_run_again_from_the_beginning(context: Flask) -> None:
    tries = []

    @atomic
    def third_time_lucky() -> int:
        tries.append(count("a"))
        if len(tries) < 3:
            raise lost_race()
        return tries[-1]

    assert third_time_lucky() == 1
    assert tries == [1, 1, 1]


def test_who_loses_a_race_for_a_name_looks_again(context: Flask) -> None:
    @atomic
    def claim() -> str:
        if find() is not None:
            return "taken"
        meeting.wait()
        db.session.execute(insert(NumberSeries), [{"community_id": HERE, "series": "a", "last": 1}])
        return "mine"

    def find() -> int | None:
        found: int | None = db.session.scalar(scoped(HERE, NumberSeries.last).where(NumberSeries.series == "a"))
        return found

    # On SQLite one call follows the other, so nobody is met.
    meeting = threading.Barrier(2 if database.is_postgresql() else 1)
    assert sorted(map(str, at_once(context, [claim] * 2))) == ["mine", "taken"]


def test_an_error_of_the_engine_names_no_parameters(context: Flask) -> None:
    row = {"community_id": HERE, "series": "13800000000", "last": None}
    with pytest.raises(IntegrityError) as refused:
        atomic(lambda: db.session.execute(insert(NumberSeries.__table__), [row]))()
    assert "13800000000" not in str(refused.value).split("DETAIL")[0]


def test_a_race_that_is_always_lost_ends(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ATTEMPTS", 3)
    tries = []

    @atomic
    def never() -> None:
        tries.append(count("a"))
        raise lost_race()

    with pytest.raises(OperationalError):
        never()
    assert (len(tries), last("a")) == (3, 0)


def test_another_fault_of_the_engine_is_not_run_again(context: Flask) -> None:
    tries = []

    @atomic
    def wrong() -> None:
        tries.append(1)
        db.session.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(Exception, match="no_such_table"):
        wrong()
    assert len(tries) == 1


def test_a_call_may_be_repeated_after_a_fault(context: Flask) -> None:
    with pytest.raises(Exception, match="no_such_table"):
        atomic(lambda: db.session.execute(text("SELECT * FROM no_such_table")))()
    assert count("a") == 1


def test_three_hundred_increments_at_once_are_three_hundred(context: Flask) -> None:
    def fifty() -> list[int]:
        return [count("a") for _ in range(50)]

    given = at_once(context, [fifty] * 6)
    assert sorted(chain.from_iterable(given)) == list(range(1, 301))


def test_three_hundred_changes_of_a_locked_row_at_once_are_three_hundred(context: Flask) -> None:
    file = atomic(keep_file)(SOMEBODY, b"", media_type="text/plain")

    @atomic
    def grow() -> None:
        row = load(HERE, File, file.id, lock=True)
        row.size += 1
        db.session.flush()

    at_once(context, [lambda: [grow() for _ in range(50)]] * 6)
    assert atomic(load)(HERE, File, file.id).size == 300


def test_two_calls_that_lock_in_opposite_order_both_end(context: Flask) -> None:
    for series in ("a", "b"):
        count(series)
    met = threading.Barrier(2)

    def both(first: str, then: str) -> None:
        meetings = [met]

        @atomic
        def run() -> None:
            next_in_series(HERE, first)
            if meetings and database.is_postgresql():  # On SQLite there is one writer; they could not meet.
                meetings.pop().wait()
            next_in_series(HERE, then)

        run()

    results = at_once(context, [lambda: both("a", "b"), lambda: both("b", "a")])
    assert results == [None, None]
    assert (last("a"), last("b")) == (3, 3)


def test_moments_come_back_in_utc(context: Flask) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=8)))
    with clock.set_to(noon):
        file = atomic(keep_file)(SOMEBODY, b"", media_type="text/plain")
    db.session.remove()
    found = atomic(load)(HERE, File, file.id).created_at
    assert (found, found.tzinfo) == (noon, UTC)


def test_a_moment_without_offset_is_not_stored(context: Flask) -> None:
    file = atomic(keep_file)(SOMEBODY, b"", media_type="text/plain")
    naive = datetime(2026, 11, 20)  # noqa: DTZ001
    with pytest.raises(StatementError):
        atomic(lambda: db.session.execute(update(File).where(File.id == file.id).values(created_at=naive)))()


def test_the_time_of_a_statement_is_the_set_clock(context: Flask) -> None:
    moment = datetime(2026, 11, 20, 4, 5, 6, 789, tzinfo=UTC)
    with clock.set_to(moment):
        assert atomic(lambda: db.session.scalar(select(sql_now())))() == moment


def test_without_a_set_clock_the_time_of_a_statement_goes_on(context: Flask) -> None:
    @atomic
    def difference() -> timedelta:
        before = clock.now()
        found: datetime = db.session.scalar(select(sql_now()))
        return abs(found - before)

    assert difference() < timedelta(seconds=5)


def test_foreign_keys_are_kept(context: Flask) -> None:
    from ledger.book.models import Balance

    row = {"community_id": HERE, "account_id": new_id(), "slot": 0, "limited": False}
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        atomic(lambda: db.session.execute(insert(Balance), [row]))()


def test_every_commit_reaches_the_disk_on_sqlite(context: Flask, engine_name: str) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL's own default")
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "recursive_triggers")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1}


def test_a_line_of_the_audit_goes_with_its_transaction(context: Flask) -> None:
    thing: UUID = new_id()

    @atomic
    def fail() -> None:
        audit.record(SOMEBODY, "test.done", thing)
        raise Trouble

    with pytest.raises(Trouble):
        fail()
    assert atomic(lambda: db.session.scalars(scoped(HERE, audit.AuditLine)).all())() == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("shop", ["shop_open", "shopkeeper"]),
        ("Shop", ["Shop"]),
        ("sh%", ["sh%"]),
        ("sh_", []),
        ("一", ["一家"]),
        ("", None),
    ],
)
def test_what_begins_so_is_told_alike_on_both_engines(context: Flask, words: str, found: list[str] | None) -> None:
    """Capital for capital, and with no letter that stands for others."""
    named = ["Shop", "shop_open", "shopkeeper", "sh%", "一家"]
    for series in named:
        count(series)
    query = scoped(HERE, NumberSeries.series).where(begins(NumberSeries.series, words))
    assert sorted(db.session.scalars(query)) == sorted(named if found is None else found)
