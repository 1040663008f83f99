"""Business days and weeks are those of Asia/Shanghai, whatever the machine thinks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.core import clock, workdays


def test_a_moment_without_offset_is_no_moment() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.move_to(datetime(2026, 11, 20))  # noqa: DTZ001


def test_the_day_changes_at_midnight_in_shanghai() -> None:
    assert clock.local_day(datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 19)
    assert clock.local_day(datetime(2026, 11, 19, 16, tzinfo=UTC)) == date(2026, 11, 20)


def test_a_week_runs_from_monday_to_monday() -> None:
    start, end = clock.week_bounds("2026-W47")
    assert (start, end) == (datetime(2026, 11, 15, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC))
    assert (clock.week_of(start), clock.week_of(end)) == ("2026-W47", "2026-W48")


def test_the_last_days_of_a_year_may_belong_to_the_next_years_first_week() -> None:
    assert clock.week_of(datetime(2024, 12, 31, tzinfo=UTC)) == "2025-W01"
    assert clock.week_of(datetime(2027, 1, 2, tzinfo=UTC)) == "2026-W53"


@pytest.mark.parametrize("week", ["", "2026", "2026-W00", "2026-W54", "2025-W53", "W47", "2026-47", "x-Wy"])
def test_there_is_no_such_week(week: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        clock.week_bounds(week)


def test_a_set_clock_is_given_back() -> None:
    with clock.set_to(datetime(2000, 1, 1, tzinfo=UTC)):
        clock.advance(days=1)
        assert clock.now() == datetime(2000, 1, 2, tzinfo=UTC)
    assert not clock.is_set()


def test_a_month_begins_and_ends_at_midnight_in_shanghai() -> None:
    begins, ends = clock.month_bounds(date(2026, 12, 17))
    assert begins == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert ends == datetime(2026, 12, 31, 16, tzinfo=UTC)


def test_national_days_are_no_working_days() -> None:
    assert not workdays.is_workday(date(2025, 10, 1))


def test_a_weekend_that_makes_up_for_a_holiday_is_worked() -> None:
    assert workdays.is_workday(date(2025, 9, 28))  # a Sunday


def test_working_days_are_counted_over_the_holidays() -> None:
    assert workdays.add_workdays(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert workdays.add_workdays(date(2025, 9, 30), 0) == date(2025, 9, 30)


def test_past_the_last_known_year_a_working_day_is_monday_to_friday() -> None:
    assert workdays.is_workday(date(2099, 10, 1))  # a Thursday
    assert not workdays.is_workday(date(2099, 10, 3))
