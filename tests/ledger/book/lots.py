"""The slow model of expiry: every single point is a thing of its own, with its last day and where it is now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

FOR_EVER = date.max


class Place(StrEnum):
    FREE = "free"
    HELD = "held"
    SPENT = "spent"
    EXPIRED = "expired"
    TAKEN = "taken"


@dataclass(eq=False)
class Point:
    """One point: usable through `until`; `by` names the hold or spending that has it."""

    until: date
    place: Place = Place.FREE
    by: object = None


class Short(Exception):
    """There are not enough points to spend or hold."""


@dataclass
class Lots:
    """A wallet as a heap of points, the member's debt, and what was ever earned and spent."""

    months: int | None = None
    points: list[Point] = field(default_factory=list)
    debt: int = 0

    # What is read.

    def at(self, place: Place, by: object = None) -> list[Point]:
        return [point for point in self.points if point.place is place and (by is None or point.by == by)]

    def posted(self) -> int:
        return len(self.at(Place.FREE)) + len(self.at(Place.HELD))

    def left(self) -> dict[date, int]:
        """Free points by their last day, overdue ones too; those without a last day apart."""
        dated = [point.until for point in self.at(Place.FREE) if point.until != FOR_EVER]
        return {day: dated.count(day) for day in set(dated)}

    # What happens.

    def award(self, amount: int, day: date) -> date:
        until = FOR_EVER if self.months is None else end_of_month(day, self.months)
        self.points += [Point(until) for _ in range(amount)]
        repaid = min(amount, self.debt)
        self._move(self._usable(day), repaid, Place.TAKEN)
        self.debt -= repaid
        return until

    def spend(self, amount: int, day: date, *, by: object) -> None:
        self._move(self._usable(day), amount, Place.SPENT, by)

    def hold(self, amount: int, day: date, *, by: object) -> None:
        self._move(self._usable(day), amount, Place.HELD, by)

    def post(self, hold: object, amount: int) -> None:
        """The first-expiring of what was held is spent; the rest is free again with its own last day."""
        self._move(sorted(self.at(Place.HELD, hold), key=_until), amount, Place.SPENT, hold)
        self.release(hold)

    def release(self, hold: object) -> None:
        for point in self.at(Place.HELD, hold):
            point.place, point.by = Place.FREE, None

    def refund(self, spending: object, amount: int, day: date) -> None:
        """The latest-expiring come back first, usable for 30 days at least."""
        for point in sorted(self.at(Place.SPENT, spending), key=_until, reverse=True)[:amount]:
            point.place, point.by = Place.FREE, None
            point.until = max(point.until, day + timedelta(days=30))

    def expire(self, day: date) -> int:
        gone = [point for point in self.at(Place.FREE) if point.until < day]
        for point in gone:
            point.place = Place.EXPIRED
        return len(gone)

    def undo(self, amount: int, until: date, day: date) -> None:
        """Taken from the award's own lot, then what of it has expired, then other points, then as debt."""
        own = [point for point in self.at(Place.FREE) if point.until == until]
        expired = [point for point in self.at(Place.EXPIRED) if point.until == until]
        candidates = [*own, *expired, *(point for point in self._usable(day) if point not in own)]
        taken = candidates[:amount]
        for point in taken:
            point.place = Place.TAKEN
        self.debt += amount - len(taken)

    def _usable(self, day: date) -> list[Point]:
        return sorted((point for point in self.at(Place.FREE) if point.until >= day), key=_until)

    def _move(self, candidates: list[Point], amount: int, to: Place, by: object = None) -> None:
        if amount > len(candidates):
            raise Short
        for point in candidates[:amount]:
            point.place, point.by = to, by


def _until(point: Point) -> date:
    return point.until


def end_of_month(day: date, months: int) -> date:
    """The last day of the month that is `months` after this one, found by walking."""
    first = day.replace(day=1)
    for _ in range(months + 1):
        first = (first + timedelta(days=32)).replace(day=1)
    return first - timedelta(days=1)
