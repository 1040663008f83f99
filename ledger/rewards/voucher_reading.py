"""Vouchers as people see them: each with its names, narrowed to what the actor may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import begins, db
from ledger.core.errors import Forbidden, Refused
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import BRANCH, SHOP, members_reached, reach, reaches_all, reaches_all_by_name
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import consents
from ledger.people.members import family_of, name_for_shops
from ledger.people.models import Member, Purpose
from ledger.rewards.errors import VoucherBlocked
from ledger.rewards.models import Merchant, Offer, OfferVersion
from ledger.rewards.terms import Wish, obstacles_to_using, read_terms
from ledger.rewards.voucher_models import OPEN, Voucher, VoucherState
from ledger.rewards.vouchers import as_bought, state_at


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A voucher with the names that belong to it (the member's masked for shops and the street).

    `reasons` are what stands against its use where and when it is looked at, in the order of precedence.
    """

    voucher: Voucher
    status: VoucherState
    terms: OfferVersion
    offer_kind: str
    merchant_name: str
    member_name: str
    reasons: tuple[Refused, ...] = ()

    @property
    def is_usable(self) -> bool:
        return self.status is VoucherState.ISSUED and not self.reasons


class VoucherOrder(StrEnum):
    """How a list of vouchers is sorted: what was bought last comes first, or what ends first."""

    NEWEST = "newest"
    ENDING = "ending"


_ORDERS = {VoucherOrder.NEWEST: NEWEST, VoucherOrder.ENDING: Order(Voucher.valid_until)}


def list_vouchers(
    actor: Actor,
    *,
    status: VoucherState | None = None,
    mine: bool = False,
    number: str = "",
    order: VoucherOrder = VoucherOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[VoucherView]:
    """The vouchers that the actor may see; `number` is one whole, or its beginning. Raises Forbidden."""
    query = _views(actor).where(_visible(actor)).limit(limit)
    if status is not None:
        query = query.where(_has_status(status))
    if mine:
        query = query.where(Voucher.member_id.in_(actor.member_ids))
    if number:
        query = query.where(begins(Voucher.number, number.strip().upper()))
    query = arrange(query, _ORDERS[order], Voucher.id, rows=scoped(actor.tenant, Voucher), after=after)
    return [_view(actor, *row) for row in db.session.execute(query)]


def see_voucher(actor: Actor, voucher_id: UUID) -> VoucherView:
    """One voucher, if the list shows it to the actor: NotFound, Forbidden."""
    load(actor.tenant, Voucher, voucher_id)
    row = db.session.execute(_views(actor).where(_visible(actor), Voucher.id == voucher_id)).one_or_none()
    if row is None:
        raise Forbidden
    return _view(actor, *row)


def vouchers_at(actor: Actor, member_id: UUID, *, merchant_id: UUID, branch_id: UUID) -> list[VoucherView]:
    """What the member has unused of this shop, what expires first before, as it is at this branch now.

    For the counter where the member stands: whoever calls has seen to that.
    """
    query = _views(actor).where(
        Voucher.member_id.in_(family_of(actor.tenant, member_id)),
        Voucher.merchant_id == merchant_id,
        Voucher.state.in_(OPEN),
        Voucher.valid_until >= clock.today(),
    )
    found = [_view(actor, *row) for row in db.session.execute(query.order_by(Voucher.valid_until, Voucher.id))]
    against = _obstacles(actor, found, member_id, branch_id)
    return [
        VoucherView(
            one.voucher, one.status, one.terms, one.offer_kind, one.merchant_name, one.member_name,
            against[one.voucher.id],
        )
        for one in found
    ]  # fmt: skip


def _obstacles(
    actor: Actor, found: Collection[VoucherView], member_id: UUID, branch_id: UUID
) -> dict[UUID, tuple[Refused, ...]]:
    now = clock.now()
    ids = {view.voucher.offer_id for view in found}
    rows = read_terms(actor.tenant, Offer.id.in_(ids), member_id=member_id, at=now) if ids else []
    terms = {one.offer_id: one for one in rows}
    wish = Wish(at=now, branch_id=branch_id, bill_matters=False)
    against: dict[UUID, tuple[Refused, ...]] = {}
    for view in found:
        of_offer = as_bought(terms[view.voucher.offer_id], view.terms)
        blocked = [VoucherBlocked()] if view.status is VoucherState.BLOCKED else []
        against[view.voucher.id] = (*blocked, *obstacles_to_using(of_offer, wish))
    return against


def _views(actor: Actor) -> Select[Any]:
    return (
        select(Voucher, OfferVersion, Offer.kind, Merchant.name, Member.name)
        .add_columns(consents.consents_to(Member.person_id, Purpose.SHARING_WITH_SHOPS))
        .join(Offer, Offer.id == Voucher.offer_id)
        .join(
            OfferVersion,
            and_(OfferVersion.offer_id == Voucher.offer_id, OfferVersion.version == Voucher.offer_version),
        )
        .join(Merchant, Merchant.id == Voucher.merchant_id)
        .join(Member, Member.id == Voucher.member_id)
        .where(within(actor.tenant, Voucher, Offer, OfferVersion, Member))
    )


def _visible(actor: Actor) -> ColumnElement[bool]:
    """SQL: the part of the vouchers that the actor's roles reach. Forbidden when there is none."""
    scopes = reach(actor, "see_redemptions")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Voucher.id.is_not(None)
    roles = {role for role, scope in scopes.items() if scope & (SHOP | BRANCH)}
    shops = {counter.merchant_id for counter in actor.counters if counter.role in roles}
    return or_(Voucher.member_id.in_(members_reached(actor, scopes)), Voucher.merchant_id.in_(shops))


def _has_status(status: VoucherState) -> ColumnElement[bool]:
    """SQL: `state_at` today equals the status."""
    today = clock.today()
    if status in OPEN:
        return and_(Voucher.state == status, Voucher.valid_until >= today)
    if status is VoucherState.EXPIRED:
        return or_(Voucher.state == status, and_(Voucher.state.in_(OPEN), Voucher.valid_until < today))
    return Voucher.state == status


def _view(
    actor: Actor, voucher: Voucher, terms: OfferVersion, kind: str, merchant: str, member: str, shares: bool
) -> VoucherView:
    scopes = reach(actor, "see_redemptions")
    by_name = voucher.member_id in members_reached(actor, scopes) or reaches_all_by_name(scopes)
    return VoucherView(
        voucher=voucher,
        status=state_at(voucher, clock.today()),
        terms=terms,
        offer_kind=kind,
        merchant_name=merchant,
        member_name=member if by_name else name_for_shops(member, shares=shares or not actor.counters),
    )
