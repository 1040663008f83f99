"""A street's communities side by side: the figures of a month, and the trend of the months that were signed off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from ledger.core import clock, walls
from ledger.core.db import db, snapshot
from ledger.core.errors import NotFound
from ledger.core.permissions import require_any
from ledger.core.tenancy import Actor, scoped
from ledger.people.members import load_community
from ledger.people.models import Community
from ledger.recognition import contents, figures
from ledger.recognition.models import Summary, SummaryState
from ledger.recognition.summaries import read_frozen

TREND_MONTHS = 6


@dataclass(frozen=True, slots=True)
class Beside:
    """One community of the street: its totals of the month, and the minutes of the months before (None: not signed)."""

    community_id: UUID
    name: str
    status: SummaryState
    totals: dict[str, int]
    trend: tuple[int | None, ...]


@walls.above()
def side_by_side(actor: Actor, month: date) -> list[Beside]:
    """The communities of the street that the actor oversees, by name. What they signed off stands as it was signed.

    Nobody is named in it. Raises Forbidden, NotFound (a month to come), DocumentChanged.
    """
    require_any(actor, "see_street")
    street_id = load_community(actor.tenant).street_id
    month = month.replace(day=1)
    if month > clock.today():
        raise NotFound
    communities = select(Community).where(Community.street_id == street_id).order_by(Community.name, Community.id)
    with snapshot():
        return [_beside(one, month) for one in db.session.scalars(communities).all()]


def _beside(community: Community, month: date) -> Beside:
    earlier = [month]
    while len(earlier) < TREND_MONTHS:
        earlier.append(contents.month_before(earlier[-1]))
    query = scoped(community.id, Summary).where(Summary.month.in_(earlier))
    signed = {row.month: row for row in db.session.scalars(query)}
    row = signed.get(month)
    span = figures.month_span(community.id, month, clock.now())
    totals = _totals(row) if row is not None else contents.totals_of(span)
    known = {one: _totals(found)["minutes"] for one, found in signed.items()} | {month: totals["minutes"]}
    return Beside(
        community_id=community.id,
        name=community.name,
        status=SummaryState(row.state) if row is not None else SummaryState.DRAFT,
        totals=totals,
        trend=tuple(known.get(one) for one in reversed(earlier)),
    )


def _totals(row: Summary) -> dict[str, int]:
    found: dict[str, int] = read_frozen(row)["totals"]
    return found
