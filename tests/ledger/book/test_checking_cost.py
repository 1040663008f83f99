"""What a check of what is new costs: the new part, however long the history below it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from ledger.book.checking import check_books, run_checks
from ledger.core import clock
from ledger.core.db import atomic, db, is_postgresql
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import Town, open_town

TODAY = date(2026, 11, 28)
THIS_YEAR = [TODAY.replace(month=month) for month in range(1, 11)] + [TODAY.replace(day=day) for day in range(1, 28)]
YEARS_BEFORE = [date(2024, 1, 1) + timedelta(days=6 * number) for number in range(120)]
STEP = 50
"""Steps of SQLite's machine between two looks at it."""


def live(town: Town, days: Iterable[date], *, members: int) -> None:
    """On each day so many members earned points with a date and points without, and spent some."""
    for day in days:
        at = datetime.combine(day, time(4), UTC)
        expires_on = TODAY + timedelta(days=400 - day.day)
        for member_id in town.member_ids[:members]:
            town.post(
                town.award_of(member_id, 9, effective_at=at),
                town.award_of(member_id, 5, effective_at=at, expires_on=expires_on),
                town.spending_of(member_id, 2, effective_at=at),
            )


def steps_of_a_check(town: Town) -> Counter[str]:
    """By statement, the steps of SQLite's machine in a check of a new visit, rows counted before it."""
    seal_all(town.id)
    check_books()
    atomic(lambda: db.session.execute(text("ANALYZE")))()
    db.engine.dispose()  # A connection that is open keeps the figures that it began with.
    live(town, [TODAY], members=1)
    seal_all(town.id)
    steps: Counter[str] = Counter()

    def count(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.connection.dbapi_connection.set_progress_handler(lambda: steps.update({statement: STEP}), STEP)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert run_checks(new=True) == []
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
        db.session.remove()
        db.engine.dispose()
    return steps


def test_a_check_of_what_is_new_reads_no_more_where_years_lie_below(context: Flask) -> None:
    if is_postgresql():
        pytest.skip("it counts the steps of SQLite's machine; what PostgreSQL takes is measured in bench/ (R15)")
    clock.move_to(datetime.combine(TODAY, time(8), UTC))
    town = open_town(members=10)
    live(town, THIS_YEAR, members=10)
    few = steps_of_a_check(town)
    live(town, YEARS_BEFORE, members=10)
    many = steps_of_a_check(town)
    assert sum(few.values()) > 1_000
    assert {one: (few[one], steps) for one, steps in many.items() if steps > 1.5 * few[one] + 500} == {}
