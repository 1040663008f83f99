"""Working days of mainland China, make-up workdays included, from the library chinesecalendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import chinese_calendar
import structlog

from ledger.core import clock

log = structlog.get_logger()


def is_workday(day: date) -> bool:
    """Is this a working day? Past the library's last year: Monday to Friday, with a warning in the log."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        log.warning("workdays_unknown", year=day.year, rule="Monday to Friday")
        return day.weekday() < 5


def add_workdays(day: date, count: int) -> date:
    """The `count`-th working day after `day` (count ≥ 0; 0 is `day` itself)."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day


def end_after(moment: datetime, count: int) -> datetime:
    """When the `count`-th working day after the day of this moment is over: what has so many working days ends then."""
    return clock.start_of_day(add_workdays(clock.local_day(moment), count) + timedelta(days=1))
