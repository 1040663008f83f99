"""How soon the community stamps: what it promised and kept, month by month, and who stamped how fast.

A month holds the visits that came to the desk in it. A visit waits from then on for its decision, and is promised one
within `queue.STAMPED_WITHIN_WORKDAYS`; a first of two stamps decides nothing yet.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import clock, registry, workdays
from ledger.core.db import db
from ledger.core.ids import first_id_at
from ledger.core.permissions import reach, reaches_all, require_any
from ledger.core.tenancy import Actor, Role, scoped, within
from ledger.people.members import is_masked_for, mask_name, names_of
from ledger.people.notices import declare, remind_each
from ledger.service import waiting
from ledger.service.checkins import LONGEST_VISIT
from ledger.service.models import Checkin, CheckinState, Evidence, Stamp
from ledger.service.queue import STAMPED_WITHIN_WORKDAYS

MOST_MONTHS = 12
SITTING = timedelta(minutes=15)
"""Two presses of one stamper that are farther apart are two sittings: nobody knows how long the later one took."""

TOLD_ROLES = (Role.STAMPER, Role.ADMIN)

OVERDUE = declare(
    "service.stamping_overdue",
    zh="{waiting} 次服务等盖章超过了 {days} 个工作日，请先盖这些。",
    en="{waiting} visits have waited longer than {days} working days for their stamp. Please begin with them.",
    on_paper=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A month (its first day) of the service level.

    `late`: decided after the promised day, or still waiting after it. `waiting`: not decided, the promised day not
    over. `median_minutes`: from the desk to the decision. `entered_later`: those recorded by hand afterwards.
    """

    month: date
    in_time: int
    late: int
    waiting: int
    median_minutes: int | None
    entered_later: int

    @property
    def visits(self) -> int:
        return self.in_time + self.late + self.waiting

    @property
    def percent(self) -> int | None:
        """The share that was decided as promised, rounded down; None while no promised day is over."""
        due = self.in_time + self.late
        return 100 * self.in_time // due if due else None

    @property
    def manual_percent(self) -> int | None:
        """The share that was recorded by hand afterwards, rounded; None without a visit."""
        return round(100 * self.entered_later / self.visits) if self.visits else None


class Stamper(NamedTuple):
    """What one person decided in a month: rows, those recorded by hand afterwards, those undone again.

    `seconds_per_row`: the median over the rows whose press followed another of the same sitting; None without one.
    """

    name: str
    rows: int
    entered_later: int
    undone: int
    seconds_per_row: float | None

    @property
    def manual_percent(self) -> int:
        return round(100 * self.entered_later / self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What members may know of the desk; `stampers` are those that the reader may see, who decided most first."""

    promised_workdays: int
    overdue: int
    oldest_since: datetime | None
    months: list[Level]
    stampers: list[Stamper]


def see_level(actor: Actor, month: date | None = None, *, months: int = 3) -> ServiceLevel:
    """The month (any day of it; None: the present one) with those before it, newest first, at most MOST_MONTHS.

    Everybody in the community reads the figures; who oversees it reads each stamper's, a stamper their own. Raises
    Forbidden.
    """
    assert 1 <= months <= MOST_MONTHS, "the outer layer bounds it"
    require_any(actor, "see_programmes")
    newest = (month or clock.today()).replace(day=1)
    late = [Checkin.state.in_(waiting.WAITING), waiting.came_at < _promised_before(clock.now())]
    query = select(func.count(), func.min(waiting.came_at)).where(within(actor.tenant, Checkin), *late)
    overdue, oldest_since = db.session.execute(query).one()
    return ServiceLevel(
        promised_workdays=STAMPED_WITHIN_WORKDAYS,
        overdue=overdue,
        oldest_since=oldest_since,
        months=_levels(actor.tenant, _back_from(newest, months)),
        stampers=_stampers(actor, newest),
    )


def _back_from(month: date, count: int) -> list[date]:
    found = [month]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def _promised_before(now: datetime) -> datetime:
    """What came to the desk before this moment was promised to be decided by now."""
    day = clock.local_day(now)
    while workdays.end_after(clock.start_of_day(day), STAMPED_WITHIN_WORKDAYS) > now:
        day -= timedelta(days=1)
    return clock.start_of_day(day + timedelta(days=1))


# --- months -------------------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A visit of the desk: when it came, when it was decided first, and its evidence."""

    came_at: datetime
    decided_at: datetime | None
    evidence: str


def _levels(community_id: UUID, months: Sequence[date]) -> list[Level]:
    """One level for each month, in this order, in one statement."""
    since, until = clock.month_bounds(months[-1])[0], clock.month_bounds(months[0])[1]
    of_month: dict[date, list[_Row]] = defaultdict(list)
    for row in _rows(community_id, since, until):
        of_month[clock.local_day(row.came_at).replace(day=1)].append(row)
    return [_level(month, of_month[month]) for month in months]


def _rows(community_id: UUID, since: datetime, until: datetime) -> list[_Row]:
    """The visits that came to the desk between the moments; those that ended with their activity never came."""
    decided_at = func.min(Stamp.stamped_at)
    decisions = (Stamp.checkin_id == Checkin.id) & Stamp.counts & within(community_id, Stamp)
    query = (
        select(waiting.came_at, decided_at, Checkin.evidence)
        .select_from(Checkin)
        .outerjoin(Stamp, decisions)
        .where(
            within(community_id, Checkin),
            # Ids are ordered by the arrival's time: only so much earlier can a visit have begun.
            Checkin.id >= first_id_at(since - LONGEST_VISIT),
            Checkin.id < first_id_at(until),
            Checkin.state != CheckinState.OPEN,
            waiting.came_at >= since,
            waiting.came_at < until,
        )
        .group_by(Checkin.id, waiting.came_at, Checkin.evidence, Checkin.state)
        .having((Checkin.state != CheckinState.VOID) | decided_at.is_not(None))
    )
    return [_Row(*row) for row in db.session.execute(query)]


def _level(month: date, rows: Sequence[_Row]) -> Level:
    now = clock.now()
    promised = {day: workdays.end_after(clock.start_of_day(day), STAMPED_WITHIN_WORKDAYS) for day in _days(rows)}
    ends = [promised[clock.local_day(row.came_at)] for row in rows]
    in_time = sum(row.decided_at is not None and row.decided_at < end for row, end in zip(rows, ends, strict=True))
    undecided = sum(row.decided_at is None and now < end for row, end in zip(rows, ends, strict=True))
    waits = [(row.decided_at - row.came_at).total_seconds() for row in rows if row.decided_at is not None]
    return Level(
        month=month,
        in_time=in_time,
        late=len(rows) - in_time - undecided,
        waiting=undecided,
        median_minutes=int(statistics.median(waits)) // 60 if waits else None,
        entered_later=sum(row.evidence == Evidence.LATER for row in rows),
    )


def _days(rows: Iterable[_Row]) -> set[date]:
    return {clock.local_day(row.came_at) for row in rows}


# --- stampers -----------------------------------------------------------------------------------------------------


def _stampers(actor: Actor, month: date) -> list[Stamper]:
    """Those who decided something in the month, as far as the actor may see them."""
    since, until = clock.month_bounds(month)
    query = scoped(actor.tenant, Stamp.actor_id, Stamp.batch_id, Stamp.stamped_at, Stamp.undone_at, Checkin.evidence)
    query = query.where(
        within(actor.tenant, Checkin),
        Checkin.id == Stamp.checkin_id,
        Stamp.id >= first_id_at(since),
        Stamp.id < first_id_at(until),
    )
    if not _oversees(actor):
        query = query.where(Stamp.actor_id == actor.person_id)
    by_person: dict[UUID, list[_Decided]] = defaultdict(list)
    for person_id, *row in db.session.execute(query.order_by(Stamp.id)).tuples():
        by_person[person_id].append(_Decided(*row))
    names, masked = names_of(actor.tenant, by_person), is_masked_for(actor)
    found = []
    for person_id, rows in by_person.items():
        name = names.get(person_id, "")
        found.append(_stamper(mask_name(name) if masked and not actor.is_person(person_id) else name, rows))
    return sorted(found, key=lambda one: (-one.rows, one.name))


class _Decided(NamedTuple):
    """One decision of a stamper."""

    batch_id: UUID
    stamped_at: datetime
    undone_at: datetime | None
    evidence: str


def _stamper(name: str, rows: Sequence[_Decided]) -> Stamper:
    return Stamper(
        name=name,
        rows=len(rows),
        entered_later=sum(row.evidence == Evidence.LATER for row in rows),
        undone=sum(row.undone_at is not None for row in rows),
        seconds_per_row=_seconds_per_row(rows),
    )


def _oversees(actor: Actor) -> bool:
    return reaches_all(reach(actor, "see_checkins"))


def _seconds_per_row(rows: Sequence[_Decided]) -> float | None:
    """Between two presses of one sitting the later one's rows were looked at: each took its part of that time."""
    pressed: dict[UUID, datetime] = {row.batch_id: row.stamped_at for row in rows}
    sizes: dict[UUID, int] = defaultdict(int)
    for row in rows:
        sizes[row.batch_id] += 1
    took: list[float] = []
    for (_, before), (batch_id, moment) in pairwise(pressed.items()):
        if moment - before <= SITTING:
            took += [(moment - before).total_seconds() / sizes[batch_id]] * sizes[batch_id]
    return round(statistics.median(took), 1) if took else None


# --- reminders ----------------------------------------------------------------------------------------------------


@registry.job("remind_stampers", period=lambda moment: clock.local_day(moment).isoformat())
def remind_of_overdue(community_id: UUID, _day: str) -> None:
    """Once each working day whoever stamps is told what waits in their part past its promised day."""
    if not workdays.is_workday(clock.today()):
        return
    overdue = waiting.count_by_holder(community_id, TOLD_ROLES, came_before=_promised_before(clock.now()))
    told = {one: {"waiting": count, "days": STAMPED_WITHIN_WORKDAYS} for one, count in overdue.items()}
    remind_each(community_id, told, OVERDUE)
