"""A member's year: hours, visits, flowers, what they became, and the stars of all hours so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from ledger.book import past
from ledger.book.accounts import accounts_of_member, hours_of, wallet_of
from ledger.book.codes import Code, Kind
from ledger.book.models import Account, Rollup, RollupLevel, Transfer
from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import NotFound
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, scoped, within
from ledger.people.members import aliases_of, family_of, is_masked_for, load_member, mask_name
from ledger.recognition.honours import HonourView, honours_of
from ledger.recognition.stars import Stars, stars_of
from ledger.rewards.models import Merchant, OfferVersion, Redemption, RedemptionState
from ledger.service.models import Checkin, Decision, Stamp

MOST_BECAME = 5
"""So many things that the flowers became are named."""


class Became(NamedTuple):
    """What flowers became at a shop: how many times, and for how many points in all."""

    offer_name: str
    merchant_name: str
    times: int
    points: int


@dataclass(frozen=True, slots=True)
class Year:
    """One member's year; minutes and points by the books, visits by their stamps. `months` are minutes, January first.

    `minutes_ever` and `stars` are of all years up to its end.
    """

    member_id: UUID
    year: int
    name: str
    masked_name: str
    minutes: int
    months: tuple[int, ...]
    visits: int
    earned: int
    spent: int
    donated: int
    became: tuple[Became, ...]
    minutes_ever: int
    stars: Stars
    honours: tuple[HonourView, ...] = ()


def see_year(actor: Actor, member_id: UUID, year: int) -> Year:
    """The member's year, for the member and whoever helps. Raises NotFound (a year to come, another's), Forbidden."""
    member = load_member(actor.tenant, member_id)
    require(actor, "see_own", member_id=member.id)
    if year > clock.today().year:
        raise NotFound
    since, until = clock.start_of_day(date(year, 1, 1)), clock.start_of_day(date(year + 1, 1, 1))
    # What two accounts earned before they became one stays with each; minutes went over to the one that stands.
    family = [member.id, *aliases_of(actor.tenant, member.id)]
    first, last = (_figures(actor.tenant, family, past.just_before(moment)) for moment in (since, until))
    return Year(
        member_id=member.id,
        year=year,
        name=mask_name(member.name) if is_masked_for(actor) else member.name,
        masked_name=mask_name(member.name),
        minutes=last.minutes - first.minutes,
        months=_by_month(actor.tenant, family, year),
        visits=_visits(actor.tenant, member.id, since, until),
        earned=last.earned - first.earned,
        spent=last.spent - first.spent,
        donated=_donated(actor.tenant, family, since, until),
        became=_became(actor.tenant, member.id, since, until),
        minutes_ever=last.minutes,
        stars=stars_of(last.minutes),
        honours=tuple(honours_of(actor.tenant, family, year=year)),
    )


class _Sums(NamedTuple):
    minutes: int
    earned: int
    spent: int


def _figures(community_id: UUID, family: Collection[UUID], moment: datetime) -> _Sums:
    keys = [key for one in family for key in accounts_of_member(one)]
    found = past.figures_at(community_id, keys, min(moment, clock.now()))
    kinds = {key: found[key] for key in keys}
    return _Sums(
        minutes=sum(one.balance for key, one in kinds.items() if key.kind is Kind.HOURS),
        earned=sum(one.earned for key, one in kinds.items() if key.kind is Kind.WALLET)
        + sum(one.balance for key, one in kinds.items() if key.kind is Kind.DEBT),
        spent=sum(one.spent for key, one in kinds.items() if key.kind is Kind.WALLET),
    )


def _by_month(community_id: UUID, family: Collection[UUID], year: int) -> tuple[int, ...]:
    accounts = [hours_of(one).id_in(community_id) for one in family]
    query = scoped(community_id, Rollup.starts_on).add_columns(func.sum(Rollup.amount)).group_by(Rollup.starts_on)
    query = query.where(
        Rollup.account_id.in_(accounts),
        Rollup.level == RollupLevel.MONTH,
        Rollup.starts_on >= date(year, 1, 1),
        Rollup.starts_on <= date(year, 12, 31),
    )
    found = {starts_on.month: int(minutes) for starts_on, minutes in db.session.execute(query).tuples()}
    return tuple(found.get(month, 0) for month in range(1, 13))


def _visits(community_id: UUID, member_id: UUID, since: datetime, until: datetime) -> int:
    query = select(func.count()).where(
        within(community_id, Stamp, Checkin),
        Checkin.member_id.in_(family_of(community_id, member_id)),
        Stamp.checkin_id == Checkin.id,
        Stamp.counts,
        Stamp.decision == Decision.STAMP,
        Stamp.undone_at.is_(None),
        Stamp.stamped_at >= since,
        Stamp.stamped_at < until,
    )
    return int(db.session.scalar(query) or 0)


def _donated(community_id: UUID, family: Collection[UUID], since: datetime, until: datetime) -> int:
    wallets = [wallet_of(one).id_in(community_id) for one in family]
    query = select(func.coalesce(func.sum(Transfer.amount), 0)).where(
        within(community_id, Transfer, Account),
        Transfer.debit_account_id.in_(wallets),
        Transfer.effective_at >= since,
        Transfer.effective_at < until,
        Transfer.code == Code.DONATE,
        Account.id == Transfer.credit_account_id,
    )
    return int(db.session.scalar(query) or 0)


def _became(community_id: UUID, member_id: UUID, since: datetime, until: datetime) -> tuple[Became, ...]:
    points = func.sum(Redemption.points - Redemption.refunded_points)
    query = (
        select(OfferVersion.name, Merchant.name, func.count(), points)
        .where(
            within(community_id, Redemption, OfferVersion),
            Redemption.member_id.in_(family_of(community_id, member_id)),
            Redemption.state.in_((RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)),
            Redemption.confirmed_at >= since,
            Redemption.confirmed_at < until,
            OfferVersion.offer_id == Redemption.offer_id,
            OfferVersion.version == Redemption.offer_version,
            Merchant.id == Redemption.merchant_id,
        )
        .group_by(OfferVersion.name, Merchant.name)
        .order_by(points.desc(), OfferVersion.name, Merchant.name)
        .limit(MOST_BECAME)
    )
    return tuple(Became(offer, shop, times, int(sum_of)) for offer, shop, times, sum_of in db.session.execute(query))
