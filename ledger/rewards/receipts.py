"""Redemptions as people see them: each with its names, narrowed to what the actor may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.orders import NEWEST, OLDEST, Order, arrange
from ledger.core.permissions import BRANCH, SHOP, members_reached, reach, reaches_all, reaches_all_by_name
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import consents
from ledger.people.members import family_of, mask_name, name_for_shops
from ledger.people.models import Member, Purpose
from ledger.rewards import pooling
from ledger.rewards.models import Branch, Merchant, Offer, OfferVersion, Redemption, RedemptionState, Via
from ledger.rewards.pooling import Part
from ledger.rewards.redemptions import state_at


@dataclass(frozen=True, slots=True)
class Receipt:
    """A redemption with the names that belong to it; people's are masked for shops and the street."""

    redemption: Redemption
    status: RedemptionState
    offer_name: str
    offer_kind: str
    merchant_name: str
    branch_name: str
    member_name: str
    acted_by: list[str]
    """Who acted for the member; empty when the member did."""
    parts: list[PaidPart]
    """Who paid it together, the member first; empty where the member paid alone."""


class PaidPart(NamedTuple):
    """What somebody of the household pays of a redemption, and whether they have agreed to."""

    member_id: UUID
    name: str
    points: int
    is_agreed: bool


class RedemptionOrder(StrEnum):
    """How a list of redemptions is sorted: by the time of the reservation, or the most points first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    MOST = "most"


_ORDERS = {
    RedemptionOrder.NEWEST: NEWEST,
    RedemptionOrder.OLDEST: OLDEST,
    RedemptionOrder.MOST: Order(Redemption.points, falls=True),
}


def list_redemptions(
    actor: Actor,
    *,
    status: RedemptionState | None = None,
    mine: bool = False,
    member_id: UUID | None = None,
    branch_id: UUID | None = None,
    merchant_id: UUID | None = None,
    on: date | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    order: RedemptionOrder = RedemptionOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Receipt]:
    """The redemptions that the actor may see; `on` is the business day of their reservation,
    `since` ≤ reservation < `until`.

    `mine` are those of the actor's own membership; `member_id` those of one member. Raises Forbidden.
    """
    query = _receipts(actor).where(_visible(actor)).limit(limit)
    if status:
        query = query.where(_has_status(status))
    if mine:
        query = query.where(Redemption.member_id.in_(actor.member_ids))
    if member_id:
        query = query.where(Redemption.member_id.in_(family_of(actor.tenant, member_id)))
    if branch_id:
        query = query.where(Redemption.branch_id == branch_id)
    if merchant_id:
        query = query.where(Redemption.merchant_id == merchant_id)
    if on:
        query = query.where(*_reserved(clock.start_of_day(on), clock.start_of_day(on + timedelta(days=1))))
    query = query.where(*_reserved(since, until))
    query = arrange(query, _ORDERS[order], Redemption.id, rows=scoped(actor.tenant, Redemption), after=after)
    return _as_receipts(actor, query)


def _reserved(since: datetime | None, until: datetime | None) -> Iterator[ColumnElement[bool]]:
    """SQL: `since` ≤ reservation < `until`."""
    if since:
        yield Redemption.reserved_at >= since
    if until:
        yield Redemption.reserved_at < until


@dataclass(frozen=True, slots=True)
class DayTotal:
    """What a branch gave on a day, refunds taken off."""

    count: int
    points: int


def total_of_day(actor: Actor, branch_id: UUID, *, on: date) -> DayTotal:
    """The confirmed redemptions of a branch and business day, as far as the actor sees them. Raises Forbidden."""
    begins, ends = clock.start_of_day(on), clock.start_of_day(on + timedelta(days=1))
    kept = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)
    query = select(func.count(), func.coalesce(func.sum(Redemption.points - Redemption.refunded_points), 0)).where(
        within(actor.tenant, Redemption), _visible(actor), Redemption.branch_id == branch_id
    )
    query = query.where(Redemption.state.in_(kept), Redemption.reserved_at >= begins, Redemption.reserved_at < ends)
    count, points = db.session.execute(query).one()
    return DayTotal(count, int(points))


def see_redemption(actor: Actor, redemption_id: UUID) -> Receipt:
    """One redemption, if the list shows it to the actor: NotFound, Forbidden."""
    load(actor.tenant, Redemption, redemption_id)
    query = _receipts(actor).where(_visible(actor), Redemption.id == redemption_id)
    found = _as_receipts(actor, query)
    if not found:
        raise Forbidden
    return found[0]


def _as_receipts(actor: Actor, query: Select[Any]) -> list[Receipt]:
    rows = list(db.session.execute(query))
    pooled = [redemption.id for redemption, *_ in rows if redemption.pooled_points]
    parts = pooling.parts_by_redemption(actor.tenant, pooled)
    return [_receipt(actor, parts.get(row[0].id, []), *row) for row in rows]


_Reserver, _Confirmer = aliased(Member), aliased(Member)


def _receipts(actor: Actor) -> Select[Any]:
    names = (OfferVersion.name, Offer.kind, Merchant.name, Branch.name, Member.name, _Reserver.name, _Confirmer.name)
    return (
        select(Redemption, *names)
        .add_columns(consents.consents_to(Member.person_id, Purpose.SHARING_WITH_SHOPS))
        .join(Offer, Offer.id == Redemption.offer_id)
        .join(
            OfferVersion,
            and_(OfferVersion.offer_id == Redemption.offer_id, OfferVersion.version == Redemption.offer_version),
        )
        .join(Merchant, Merchant.id == Redemption.merchant_id)
        .join(Branch, Branch.id == Redemption.branch_id)
        .join(Member, Member.id == Redemption.member_id)
        .outerjoin(_Reserver, within(actor.tenant, _Reserver) & (_Reserver.person_id == Redemption.reserved_by))
        .outerjoin(_Confirmer, within(actor.tenant, _Confirmer) & (_Confirmer.person_id == Redemption.confirmed_by))
        .where(within(actor.tenant, Redemption, Offer, OfferVersion, Member))
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    """SQL: the part of the redemptions that the actor's roles reach. Forbidden when there is none."""
    scopes = reach(actor, "see_redemptions")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Redemption.id.is_not(None)
    own = members_reached(actor, scopes)
    paid_in_part = and_(Redemption.pooled_points > 0, pooling.contributes(actor.tenant, own))
    parts: list[ColumnElement[bool]] = [Redemption.member_id.in_(own), paid_in_part]
    for role, scope in scopes.items():
        if scope & (SHOP | BRANCH):
            counters = [counter for counter in actor.counters if counter.role is role]
            parts += [_at_counter(counter.merchant_id, counter.branch_id) for counter in counters]
    return or_(*parts)


def _at_counter(merchant_id: UUID, branch_id: UUID | None) -> ColumnElement[bool]:
    shop = Redemption.merchant_id == merchant_id
    return shop if branch_id is None else and_(shop, Redemption.branch_id == branch_id)


def _has_status(status: RedemptionState) -> ColumnElement[bool]:
    """SQL: `state_at` now equals the status."""
    now = clock.now()
    if status is RedemptionState.RESERVED:
        return and_(Redemption.state == status, Redemption.expires_at > now)
    if status is RedemptionState.EXPIRED:
        overdue = and_(Redemption.state == RedemptionState.RESERVED, Redemption.expires_at <= now)
        return or_(Redemption.state == status, overdue)
    return Redemption.state == status


def _receipt(
    actor: Actor,
    others: Sequence[Part],
    redemption: Redemption,
    offer_name: str,
    offer_kind: str,
    merchant_name: str,
    branch_name: str,
    member_name: str,
    reserver: str | None,
    confirmer: str | None,
    shares: bool,
) -> Receipt:
    scopes = reach(actor, "see_redemptions")
    paid_by = {redemption.member_id, *(part.member_id for part in others)}
    by_name = bool(paid_by & members_reached(actor, scopes)) or reaches_all_by_name(scopes)
    called = member_name if by_name else name_for_shops(member_name, shares=shares or not actor.counters)
    hands = _hands(redemption, reserver, confirmer)
    return Receipt(
        redemption=redemption,
        status=state_at(redemption, clock.now()),
        offer_name=offer_name,
        offer_kind=offer_kind,
        merchant_name=merchant_name,
        branch_name=branch_name,
        member_name=called,
        acted_by=hands if by_name else [mask_name(one) for one in hands],
        parts=_paid(redemption, called, others, by_name=by_name),
    )


def _paid(redemption: Redemption, called: str, others: Sequence[Part], *, by_name: bool) -> list[PaidPart]:
    if not others:
        return []
    own = PaidPart(redemption.member_id, called, redemption.points - redemption.pooled_points, True)
    return [
        own,
        *(
            PaidPart(part.member_id, part.name if by_name else mask_name(part.name), part.points, part.is_agreed)
            for part in others
        ),
    ]


def _hands(redemption: Redemption, reserver: str | None, confirmer: str | None) -> list[str]:
    """Who acted for the member, each once. Who reserved at a counter served the shop, not the member."""
    if redemption.on_behalf_of is None:
        return []
    chose = (redemption.reserved_by, reserver if redemption.via == Via.MERCHANT_CODE else None)
    hands = (chose, (redemption.confirmed_by, confirmer))
    return list(dict.fromkeys(name for person_id, name in hands if name and person_id != redemption.on_behalf_of))
