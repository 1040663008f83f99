"""The one source of time. Business days are Asia/Shanghai; everything stored is UTC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_set_to: datetime | None = None


def now() -> datetime:
    """The present moment in UTC, or the moment the clock is set to."""
    return _set_to or datetime.now(UTC)


def is_set() -> bool:
    return _set_to is not None


def move_to(moment: datetime | None) -> None:
    """Set the clock of this process (tests, demo data); None gives real time back."""
    global _set_to
    if moment is not None and moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    _set_to = moment.astimezone(UTC) if moment else None


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` inside the block; threads of the process see it too."""
    before = _set_to
    move_to(moment)
    try:
        yield
    finally:
        move_to(before)


def advance(**step: float) -> None:
    """Move a set clock forward by `timedelta(**step)`."""
    move_to(now() + timedelta(**step))


def local_day(moment: datetime) -> date:
    """The business day of a moment, in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def age_of(moment: datetime | None) -> float:
    """Seconds since then; 0 for None."""
    return (now() - moment).total_seconds() if moment else 0.0


def today() -> date:
    """The present day in Asia/Shanghai."""
    return local_day(now())


def start_of_day(day: date) -> datetime:
    """The first moment of a business day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def month_bounds(month: date) -> tuple[datetime, datetime]:
    """First moment of the month of that day and first moment after it, in UTC."""
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return start_of_day(month.replace(day=1)), start_of_day(after)


def week_of(moment: datetime) -> str:
    """The ISO week ("2026-W41") that runs Monday 00:00 to Monday 00:00 in Asia/Shanghai."""
    year, week, _ = local_day(moment).isocalendar()
    return f"{year}-W{week:02d}"


def week_bounds(week: str) -> tuple[datetime, datetime]:
    """First moment of a week and first moment after it, in UTC; ValueError for no such week."""
    year, number = week.split("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    return start_of_day(monday), start_of_day(monday + timedelta(days=7))
