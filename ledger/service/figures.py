"""A week of service in numbers: what was stamped, day by day, and how much of it was entered by hand afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.permissions import COMMUNITY, MASKED, UNIT, reach
from ledger.core.tenancy import Actor, within
from ledger.service.models import Checkin, Evidence, Stamp

DAYS = 7


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """Points of each day (Monday first), points of the week before, minutes, visits, and visits entered later."""

    days: tuple[int, ...]
    before: int
    minutes: int
    visits: int
    entered_later: int

    @property
    def points(self) -> int:
        return sum(self.days)


def week_figures(actor: Actor, week: str) -> WeekFigures:
    """What stands stamped of the week ("2026-W41") in the whole community: public figures, so for all staff.

    Raises Forbidden.
    """
    if not any(scope & (COMMUNITY | MASKED | UNIT) for scope in reach(actor, "see_programmes").values()):
        raise Forbidden
    begins, ends = clock.week_bounds(week)
    edges = [begins + timedelta(days=day) for day in range(DAYS + 1)]
    days = [_sum_of(Stamp.points, start, end) for start, end in pairwise(edges)]
    in_week = and_(Stamp.stamped_at >= begins, Stamp.stamped_at < ends)
    later = and_(in_week, Checkin.evidence == Evidence.LATER)
    query = select(
        *days,
        _sum_of(Stamp.points, begins - timedelta(days=DAYS), begins),
        _sum_of(Stamp.minutes, begins, ends),
        func.count(case((in_week, 1))),
        func.count(case((later, 1))),
    )
    row = db.session.execute(query.where(*_standing(actor.tenant, begins - timedelta(days=DAYS), ends))).one()
    return WeekFigures(tuple(int(points) for points in row[:DAYS]), *(int(value) for value in row[DAYS:]))


def _sum_of(amount: Any, start: datetime, end: datetime) -> Any:
    inside = and_(Stamp.stamped_at >= start, Stamp.stamped_at < end)
    return func.coalesce(func.sum(case((inside, amount), else_=0)), 0)


def _standing(community_id: UUID, start: datetime, end: datetime) -> tuple[Any, ...]:
    return (
        within(community_id, Stamp, Checkin),
        Checkin.id == Stamp.checkin_id,
        Stamp.counts,
        Stamp.undone_at.is_(None),
        Stamp.decision == "stamp",
        Stamp.stamped_at >= start,
        Stamp.stamped_at < end,
    )
