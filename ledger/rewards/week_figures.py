"""A week's redemptions in numbers that anybody of the community may read: no figure that speaks of fewer than three."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.permissions import require_any
from ledger.core.tenancy import Actor, within
from ledger.people.redemption_days import SEE
from ledger.rewards.models import Offer, OfferKind, Redemption, RedemptionState

FEWEST = 3
MOST_WEEKS = 26
KEPT = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)


@dataclass(frozen=True, slots=True)
class Cell:
    """People, redemptions and points (less what was refunded); all None where they would tell of fewer than three."""

    people: int | None = None
    redemptions: int | None = None
    points: int | None = None


@dataclass(frozen=True, slots=True)
class KindCell:
    kind: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """One week ("2026-W47"): all together, and each kind of offer that was redeemed."""

    week: str
    total: Cell
    kinds: tuple[KindCell, ...]


@dataclass(frozen=True, slots=True)
class _Sum:
    members: frozenset[UUID] = frozenset()
    redemptions: int = 0
    points: int = 0

    def __add__(self, other: _Sum) -> _Sum:
        return _Sum(self.members | other.members, self.redemptions + other.redemptions, self.points + other.points)

    @property
    def cell(self) -> Cell:
        return Cell(len(self.members), self.redemptions, self.points)


def see_weeks(actor: Actor, weeks: Iterable[str]) -> list[WeekFigures]:
    """The figures of these weeks, in their order, for everybody of the community. Raises Forbidden."""
    require_any(actor, SEE)
    return [figures_of_week(actor.tenant, week) for week in weeks]


def figures_of_week(community_id: UUID, week: str) -> WeekFigures:
    """What was confirmed in the week and not refunded as a whole."""
    begins, ends = clock.week_bounds(week)
    return WeekFigures(week, *cells_of(community_id, Redemption.confirmed_at >= begins, Redemption.confirmed_at < ends))


def cells_of(community_id: UUID, *conditions: ColumnElement[bool]) -> tuple[Cell, tuple[KindCell, ...]]:
    """Those redemptions that meet the conditions and were not refunded as a whole: all together, and by kind."""
    sums = _sums(community_id, *conditions)
    everything = sum(sums.values(), _Sum())
    if len(everything.members) < FEWEST:
        return Cell(), tuple(KindCell(kind, Cell()) for kind in sums)
    hidden = _hidden(sums)
    return everything.cell, tuple(KindCell(kind, Cell() if kind in hidden else one.cell) for kind, one in sums.items())


def _hidden(sums: dict[str, _Sum]) -> set[str]:
    """The kinds of fewer than three people; and the next smallest, as long as the rest would tell of fewer than three.

    The hidden kinds together are the total less the shown ones, so together they must be of three people at least.
    """
    by_size = sorted(sums, key=lambda kind: (len(sums[kind].members), kind))
    hidden = {kind for kind in by_size if len(sums[kind].members) < FEWEST}
    for kind in by_size:
        if not hidden or (len(sum((sums[one] for one in hidden), _Sum()).members) >= FEWEST and len(hidden) > 1):
            break
        hidden.add(kind)
    return hidden


def _sums(community_id: UUID, *conditions: ColumnElement[bool]) -> dict[str, _Sum]:
    """By kind of offer, in the order of the closed list; kinds that nobody redeemed are left out."""
    query = (
        select(
            Offer.kind,
            Redemption.member_id,
            func.count(),
            func.sum(Redemption.points - Redemption.refunded_points),
        )
        .where(within(community_id, Redemption, Offer), Offer.id == Redemption.offer_id)
        .where(Redemption.state.in_(KEPT), *conditions)
        .group_by(Offer.kind, Redemption.member_id)
    )
    found: dict[str, _Sum] = {}
    for kind, member_id, count, points in db.session.execute(query).tuples():
        found[kind] = found.get(kind, _Sum()) + _Sum(frozenset((member_id,)), count, int(points))
    return {kind.value: found[kind.value] for kind in OfferKind if kind.value in found}


def last_weeks(count: int) -> list[str]:
    """The names of so many weeks, the present one first."""
    now = clock.now()
    return [clock.week_of(now - timedelta(weeks=number)) for number in range(count)]
