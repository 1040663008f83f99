"""How many points a community gives in a month, beside what it means to give; it is told at 80 and at 100 percent.

A month counts the visits whose credit began in it, as the budgets of programmes do. The budget refuses nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import VersionChanged
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, Role, scoped, system_actor
from ledger.people.grants import people_with
from ledger.people.notices import declare, tell
from ledger.service.caps import given_by_day
from ledger.service.models import IssuanceAlarm, IssuanceBudget, Programme, ProgrammeRule

LEVELS = (80, 100)
"""Percent of the budget at which the community is told."""

TOLD = (Role.ADMIN, Role.TREASURER)

REACHED = declare(
    "issuance.reached",
    zh="{month}已发放 {points} 朵红花，到了社区每月预算 {budget} 朵的 {level}%。",
    en="{points} flowers were given for {month}: {level} % of the community's monthly budget of {budget}.",
)


@dataclass(frozen=True, slots=True)
class OfProgramme:
    """What one programme gave in the month, and what it may by its present rule (None: as much as is earned)."""

    programme_id: UUID
    name: str
    points: int
    budget_points: int | None


@dataclass(frozen=True, slots=True)
class Issuance:
    """A month (its first day) of the community: points given, the budget (None: none) with its version (0: none yet).

    `programmes` has those that gave something or have a budget, by name.
    """

    month: date
    points: int
    budget_points: int | None
    version: int
    programmes: list[OfProgramme]

    @property
    def percent(self) -> int | None:
        """How much of the budget is given, rounded down; None without a budget."""
        return None if self.budget_points is None else self.points * 100 // self.budget_points

    @property
    def level(self) -> int | None:
        """The highest level that is reached; None below the first and without a budget."""
        return None if self.percent is None else max((one for one in LEVELS if one <= self.percent), default=None)


@atomic
def set_budget(actor: Actor, points: int | None, *, version: int) -> Issuance:
    """The community means to give `points` (≥ 1) a month from now on; None: it has no budget.

    `version` is the one that the actor has read. Whoever is to be told is told at once, each level once a month.
    Raises Forbidden, VersionChanged.
    """
    require(actor, "manage_programmes")
    before = _budget(actor.tenant)
    if (before.version if before else 0) != version:
        raise VersionChanged
    budget = IssuanceBudget(
        community_id=actor.tenant, version=version + 1, points=points, since=clock.now(), actor_id=actor.person_id
    )
    db.session.add(budget)
    db.session.flush()  # Of two who decide at once one finds its version taken, runs again and is refused.
    audit.record(actor, "service.set_issuance_budget", points=points, version=budget.version)
    outbox.announce(actor, "issuance.budget_set", points=points)
    _watch(actor.tenant)
    return see_issuance(actor)


def see_issuance(actor: Actor, month: date | None = None) -> Issuance:
    """What was given of a month (any day of it; None: the present one) beside the present budgets. Raises Forbidden."""
    require_any(actor, "see_programmes")
    return _issuance(actor.tenant, (month or clock.today()).replace(day=1))


def _issuance(community_id: UUID, month: date) -> Issuance:
    given = _given(community_id, month)
    budget = _budget(community_id)
    rows = db.session.execute(
        scoped(community_id, Programme.id, Programme.name, ProgrammeRule.budget_points)
        .where(ProgrammeRule.programme_id == Programme.id, ProgrammeRule.version == Programme.rule_version)
        .order_by(Programme.name)
    )
    programmes = [
        OfProgramme(programme_id, name, given[programme_id], most)
        for programme_id, name, most in rows
        if most is not None or given[programme_id]
    ]
    return Issuance(
        month=month,
        points=given.total(),
        budget_points=budget.points if budget else None,
        version=budget.version if budget else 0,
        programmes=programmes,
    )


def _given(community_id: UUID, month: date) -> Counter[UUID]:
    """The month's points by programme."""
    until = (month + timedelta(days=31)).replace(day=1)
    found: Counter[UUID] = Counter()
    for programme_id, _, points in db.session.execute(given_by_day(community_id, since=month, until=until)):
        found[programme_id] += int(points)
    return found


def _budget(community_id: UUID) -> IssuanceBudget | None:
    query = scoped(community_id, IssuanceBudget).order_by(IssuanceBudget.version.desc()).limit(1)
    found: IssuanceBudget | None = db.session.scalars(query).one_or_none()
    return found


# --- the alarm ----------------------------------------------------------------------------------------------------


@registry.job("watch_issuance", period=lambda moment: f"{moment:%Y-%m-%dT%H}:{moment.minute // 10}0")
def watch_issuance(community_id: UUID, _period: str) -> None:
    """Every ten minutes: admins and treasurers are told of a level that the month has reached, once.

    By the clock and not with the stamp: two who stamp at once do not see each other's part of the level. The month
    before is watched too, because its last days are stamped in this one.
    """
    _watch(community_id)


def _watch(community_id: UUID) -> None:
    if _budget(community_id) is None:
        return
    present = clock.today().replace(day=1)
    for month in ((present - timedelta(days=1)).replace(day=1), present):
        _tell_of(community_id, _issuance(community_id, month))


def _tell_of(community_id: UUID, figures: Issuance) -> None:
    """Levels that were not told of before are told of by one notice, of the highest."""
    if figures.level is None or figures.budget_points is None:
        return
    known = set(
        db.session.scalars(scoped(community_id, IssuanceAlarm.level).where(IssuanceAlarm.month == figures.month))
    )
    reached = [level for level in LEVELS if level <= figures.level and level not in known]
    if not reached:
        return
    for level in reached:
        alarm = IssuanceAlarm(
            community_id=community_id,
            month=figures.month,
            level=level,
            points=figures.points,
            budget_points=figures.budget_points,
            told_at=clock.now(),
        )
        db.session.add(alarm)
    db.session.flush()
    facts = {
        "month": f"{figures.month:%Y-%m}",
        "level": reached[-1],
        "points": figures.points,
        "budget": figures.budget_points,
    }
    outbox.announce(system_actor(community_id), "issuance.reached", **facts)
    for person_id in people_with(community_id, TOLD):
        tell(community_id, person_id, REACHED, **facts)
