"""Statements and lines that an actor may see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.sql import ColumnElement

from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.permissions import COMMUNITY, MASKED, reach, require
from ledger.core.tenancy import Actor, load, scoped
from ledger.rewards.models import Merchant
from ledger.settlement.models import Settlement, SettlementState


def list_settlements(
    actor: Actor,
    *,
    status: SettlementState | None = None,
    week: str | None = None,
    merchant_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[tuple[Settlement, Merchant]]:
    """Statements with their shops, newest first; an owner sees the own shop's. Raises Forbidden."""
    query = scoped(actor.tenant, Settlement).add_columns(Merchant).where(Merchant.id == Settlement.merchant_id)
    wanted = {Settlement.state: status, Settlement.week: week, Settlement.merchant_id: merchant_id}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Settlement.id < after)
    rows = db.session.execute(query.where(_visible(actor)).order_by(Settlement.id.desc()).limit(limit))
    return [(settlement, merchant) for settlement, merchant in rows]


def _visible(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, "see_settlements")
    if not scopes:
        raise Forbidden
    if any(scope & (COMMUNITY | MASKED) for scope in scopes.values()):
        return Settlement.id.is_not(None)
    return Settlement.merchant_id.in_([one.merchant_id for one in actor.counters if one.role in scopes])


def see_settlement(actor: Actor, settlement_id: UUID) -> tuple[Settlement, Merchant]:
    """One statement with its shop: NotFound, Forbidden."""
    settlement = load(actor.tenant, Settlement, settlement_id)
    require(actor, "see_settlements", merchant_id=settlement.merchant_id)
    return settlement, db.session.get_one(Merchant, settlement.merchant_id)
