"""Who gave money to the community's funds and what it became: public, and nobody is named who did not wish it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db, snapshot
from ledger.core.errors import NotFound
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import load_community
from ledger.rewards.funds import FundFigures, figures_of, require_to_manage, taken_back_of
from ledger.rewards.models import Fund, FundGrant, Redemption
from ledger.rewards.week_figures import Cell, KindCell, cells_of

MOST_FUNDS, MOST_GIFTS = 50, 100

LOOKED_BACK = timedelta(days=365)


class Gift(NamedTuple):
    """Money that somebody gave, less what was taken back; `donor` None: the giver is not named."""

    donor: str | None
    amount_fen: int
    given_on: date


@dataclass(frozen=True, slots=True)
class FundStory:
    """A fund, its newest gifts (at most 100), and what it paid for in the last 365 days.

    No figure of `became` and `kinds` speaks of fewer than three people: those are None.
    """

    name: str
    figures: FundFigures
    gifts: tuple[Gift, ...]
    became: Cell
    kinds: tuple[KindCell, ...]


@dataclass(frozen=True, slots=True)
class Donors:
    """What anybody may know of the money behind a community's rewards; its newest funds first."""

    community_name: str
    is_demo: bool
    funds: tuple[FundStory, ...]


@atomic
def name_donor(actor: Actor, fund_id: UUID, grant_id: UUID, *, is_named: bool) -> FundGrant:
    """The donor stands on the public page with their name from now on, or no longer. Raises NotFound, Forbidden."""
    grant = load(actor.tenant, FundGrant, grant_id)
    if grant.fund_id != fund_id:
        raise NotFound
    require_to_manage(actor)
    grant.is_named = is_named
    db.session.flush()
    audit.record(actor, "rewards.name_donor", grant.id, is_named=is_named)
    outbox.announce(actor, "fund.donor_named", grant_id=grant.id.hex, is_named=is_named)
    return grant


def donors_of(community_id: UUID) -> Donors:
    """The public page of a community's donors as of now. Raises NotFound."""
    with snapshot():
        community = load_community(community_id)
        query = scoped(community_id, Fund).order_by(Fund.id.desc()).limit(MOST_FUNDS)
        funds = list(db.session.scalars(query))
        figures = figures_of(community_id, [fund.id for fund in funds])
        stories = tuple(_story(fund, figures[fund.id]) for fund in funds if figures[fund.id].granted)
        return Donors(community.name, community.is_demo, stories)


def _story(fund: Fund, figures: FundFigures) -> FundStory:
    since = clock.now() - LOOKED_BACK
    paid_for = (Redemption.fund_id == fund.id, Redemption.confirmed_at >= since)
    return FundStory(fund.name, figures, _gifts(fund), *cells_of(fund.community_id, *paid_for))


def _gifts(fund: Fund) -> tuple[Gift, ...]:
    query = scoped(fund.community_id, FundGrant).where(FundGrant.fund_id == fund.id)
    grants = list(db.session.scalars(query.order_by(FundGrant.id.desc()).limit(MOST_GIFTS)))
    taken_back = {grant_id: fen for _, grant_id, fen in taken_back_of(fund.community_id, [fund.id])}
    left = ((one, one.amount_fen - taken_back.get(one.id, 0)) for one in grants)
    return tuple(
        Gift(one.donor if one.is_named else None, fen, clock.local_day(one.granted_at)) for one, fen in left if fen
    )
