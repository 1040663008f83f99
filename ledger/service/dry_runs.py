"""A rule tried out on a month that was stamped, before it becomes one: what everybody would have earned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, within
from ledger.people.members import describe_members
from ledger.people.models import Member
from ledger.service import evidence
from ledger.service.caps import LIVE, OWNER, with_posts
from ledger.service.earning import Earning, RuleTerms, Service, Tally, earn_all
from ledger.service.models import Activity, Checkin, Evidence, Programme, Stamp

MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """What one member's month was worth, and would be."""

    member_id: UUID
    member_name: str
    visits: int
    points_now: int
    points_then: int

    @property
    def difference(self) -> int:
        return self.points_then - self.points_now


@dataclass(frozen=True, slots=True)
class DryRun:
    """A month (its first day) under other terms: visits and members that were stamped, points as they are and would be.

    `waiting` visits would not be stamped, because the budget would not pay them. `rows` are the members for whom it
    changes most, at most 20.
    """

    month: date
    visits: int
    members: int
    points_now: int
    points_then: int
    waiting: int
    rows: list[Difference]

    @property
    def difference(self) -> int:
        return self.points_then - self.points_now


class _Stamped(NamedTuple):
    """A visit of the month, and the points that it has."""

    service: Service
    points: int


def dry_run(actor: Actor, programme_id: UUID, *, terms: RuleTerms, month: date | None = None) -> DryRun:
    """What the terms would have given for the stamped visits of a month (any day of it; None: last month).

    Caps that reach back count what was really given before the month. Whether a visit needs a second stamper changes
    nothing here. Nothing is stored. Raises NotFound, Forbidden.
    """
    programme = load(actor.tenant, Programme, programme_id)
    require(actor, "manage_programmes")
    first = (month or clock.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    stamped = _stamped(actor.tenant, programme.id, first, terms)
    services = with_posts(actor.tenant, [one.service for one in stamped], of_all=True)
    earnings = earn_all(services, _tally_before(actor.tenant, programme.id, first, terms))
    rows = _differences(actor, stamped, earnings)
    return DryRun(
        month=first,
        visits=len(stamped),
        members=len(rows),
        points_now=sum(one.points for one in stamped),
        points_then=sum(row.points_then for row in rows),
        waiting=sum(one.is_over_budget for one in earnings),
        rows=[row for row in rows if row.difference][:MOST_ROWS],
    )


def _stamped(community_id: UUID, programme_id: UUID, first: date, terms: RuleTerms) -> list[_Stamped]:
    until = (first + timedelta(days=31)).replace(day=1)
    query = (
        select(OWNER, Stamp.points, Stamp.minutes, Checkin.evidence, Checkin.arrived_at, Activity)
        .where(within(community_id, Stamp, Checkin, Activity, Member), *LIVE)
        .where(
            Stamp.programme_id == programme_id,
            Stamp.credited_on >= first,
            Stamp.credited_on < until,
            Checkin.id == Stamp.checkin_id,
            Activity.id == Checkin.activity_id,
            Member.id == Checkin.member_id,
        )
        .order_by(Checkin.id)
    )
    return [
        _Stamped(
            Service(
                owner_id=owner_id,
                programme_id=programme_id,
                terms=terms,
                begins_at=evidence.credit_starts(activity, arrived_at),
                minutes=minutes,
                grade=Evidence(grade),
            ),
            points,
        )
        for owner_id, points, minutes, grade, arrived_at, activity in db.session.execute(query)
    ]


def _tally_before(community_id: UUID, programme_id: UUID, first: date, terms: RuleTerms) -> Tally:
    """What the caps of the terms count of the time before the month."""
    tally = Tally()
    if terms.caps:
        since = min(span.begins(first) for span in terms.caps)
        for owner_id, day, points in db.session.execute(_earned(community_id, programme_id, since, first)):
            tally.add_member(owner_id, programme_id, day, int(points))
    return tally


def _earned(community_id: UUID, programme_id: UUID, since: date, until: date) -> Select[Any]:
    return (
        select(OWNER, Stamp.credited_on, func.sum(Stamp.points))
        .where(within(community_id, Stamp, Checkin, Member), *LIVE)
        .where(
            Stamp.programme_id == programme_id,
            Stamp.credited_on >= since,
            Stamp.credited_on < until,
            Checkin.id == Stamp.checkin_id,
            Member.id == Checkin.member_id,
        )
        .group_by(OWNER, Stamp.credited_on)
    )


def _differences(actor: Actor, stamped: list[_Stamped], earnings: list[Earning]) -> list[Difference]:
    """One for each member, those first for whom it changes most."""
    visits: Counter[UUID] = Counter()
    now: Counter[UUID] = Counter()
    then: Counter[UUID] = Counter()
    for one, earning in zip(stamped, earnings, strict=True):
        owner_id = one.service.owner_id
        visits[owner_id] += 1
        now[owner_id] += one.points
        then[owner_id] += 0 if earning.is_over_budget else earning.award.points
    order = sorted(visits, key=lambda owner_id: (-abs(then[owner_id] - now[owner_id]), owner_id))
    names = {one.id: one.name for one in describe_members(actor.tenant, order[:MOST_ROWS]).values()}
    return [
        Difference(owner_id, names.get(owner_id, ""), visits[owner_id], now[owner_id], then[owner_id])
        for owner_id in order
    ]
