"""Statements and lines that an actor may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.rewards.models import Merchant
from ledger.settlement.models import Settlement, SettlementState


class SettlementOrder(StrEnum):
    """How a list of statements is sorted: the newest first, by the shop's name, or the most payable first."""

    NEWEST = "newest"
    SHOP = "shop"
    MOST = "most"


_ORDERS = {
    SettlementOrder.NEWEST: NEWEST,
    SettlementOrder.SHOP: Order(Merchant.sort_key),
    SettlementOrder.MOST: Order(Settlement.payable_fen, falls=True),
}


def list_settlements(
    actor: Actor,
    *,
    status: SettlementState | None = None,
    week: str | None = None,
    merchant_id: UUID | None = None,
    order: SettlementOrder = SettlementOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[tuple[Settlement, Merchant]]:
    """Statements with their shops; an owner sees the own shop's. Raises Forbidden."""
    every = scoped(actor.tenant, Settlement).add_columns(Merchant).where(Merchant.id == Settlement.merchant_id)
    query = every.where(_visible(actor), *_wanted(status=status, week=week, merchant_id=merchant_id))
    query = arrange(query, _ORDERS[order], Settlement.id, rows=every, after=after)
    return [(settlement, merchant) for settlement, merchant in db.session.execute(query.limit(limit))]


def _wanted(
    *, status: SettlementState | None, week: str | None, merchant_id: UUID | None
) -> Iterator[ColumnElement[bool]]:
    for column, value in ((Settlement.state, status), (Settlement.week, week), (Settlement.merchant_id, merchant_id)):
        if value is not None:
            yield column == value


@dataclass(frozen=True, slots=True)
class Sums:
    """How many statements, and what is payable on those that count."""

    count: int
    payable_fen: int


def sum_settlements(
    actor: Actor, *, status: SettlementState | None = None, week: str | None = None, merchant_id: UUID | None = None
) -> Sums:
    """The sums of the same list, whole. Raises Forbidden."""
    live = case((Settlement.state == SettlementState.VOID, 0), else_=Settlement.payable_fen)
    query = select(func.count(), func.coalesce(func.sum(live), 0)).where(within(actor.tenant, Settlement))
    query = query.where(_visible(actor), *_wanted(status=status, week=week, merchant_id=merchant_id))
    count, payable = db.session.execute(query).one()
    return Sums(count, int(payable))


def count_steps_for(actor: Actor) -> dict[SettlementState, int]:
    """How many statements stand where, without those whose step before was the actor's own. Raises Forbidden."""
    query = select(Settlement.state, func.count()).where(within(actor.tenant, Settlement), _visible(actor))
    query = query.where(*(or_(Settlement.state != state, by != actor.person_id) for state, by in STEP_BEFORE.items()))
    found = db.session.execute(query.group_by(Settlement.state)).tuples()
    return {SettlementState(state): count for state, count in found}


STEP_BEFORE = {
    SettlementState.CONFIRMED: Settlement.issued_by,
    SettlementState.APPROVED: Settlement.approved_by,
    SettlementState.PAID: Settlement.paid_by,
}
"""Who may not take the step that follows these states."""


def merchants_settled(actor: Actor) -> list[tuple[UUID, str]]:
    """The shops that have statements, by name. Raises Forbidden."""
    query = select(Merchant.id, Merchant.name).where(Merchant.id == Settlement.merchant_id)
    query = query.where(within(actor.tenant, Settlement), _visible(actor)).distinct().order_by(Merchant.name)
    return [(merchant_id, name) for merchant_id, name in db.session.execute(query)]


def list_received(actor: Actor, merchant_id: UUID, *, limit: int) -> list[Settlement]:
    """What the shop was paid, newest first: NotFound, Forbidden."""
    require(actor, "see_settlements", merchant_id=merchant_id)
    query = scoped(actor.tenant, Settlement).where(
        Settlement.merchant_id == merchant_id,
        Settlement.state.in_((SettlementState.PAID, SettlementState.RECONCILED)),
        Settlement.payable_fen > Settlement.held_fen,
    )
    return list(db.session.scalars(query.order_by(Settlement.paid_on.desc(), Settlement.id.desc()).limit(limit)))


def _visible(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, "see_settlements")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Settlement.id.is_not(None)
    return Settlement.merchant_id.in_([one.merchant_id for one in actor.counters if one.role in scopes])


def see_settlement(actor: Actor, settlement_id: UUID) -> tuple[Settlement, Merchant]:
    """One statement with its shop: NotFound, Forbidden."""
    settlement = load(actor.tenant, Settlement, settlement_id)
    require(actor, "see_settlements", merchant_id=settlement.merchant_id)
    return settlement, db.session.get_one(Merchant, settlement.merchant_id)
