"""Disputes that an actor may see: a shop its own, the community's money people all."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.orders import Age, arrange, by_age
from ledger.core.permissions import MASKED, may, reach, reaches_all, require
from ledger.core.second_person import stands_in, street_may_since
from ledger.core.tenancy import Actor, load, scoped
from ledger.rewards.models import Merchant
from ledger.settlement.agreed import undecided_favours
from ledger.settlement.dispute_models import Dispute, DisputeState, Favour
from ledger.settlement.disputes import ANSWER, DECIDE, DECIDE_AGAIN, DISPUTE, OPEN
from ledger.settlement.evidence import photos as evidence
from ledger.settlement.models import Settlement, SettlementLine

SEE = "see_settlements"


class DisputeView(NamedTuple):
    """A dispute with its line, statement and shop; `steps` are those that the actor may take now.

    `undecided_for` is whose the line is when nobody decides by its day.
    """

    dispute: Dispute
    line: SettlementLine
    settlement: Settlement
    merchant: Merchant
    photo_ids: list[UUID]
    steps: list[str]
    undecided_for: Favour


def list_disputes(
    actor: Actor,
    *,
    status: DisputeState | None = None,
    is_open: bool = False,
    settlement_id: UUID | None = None,
    order: Age | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[DisputeView]:
    """The disputes that the actor may see: unless asked otherwise newest first, what waits (`is_open`) oldest first.

    Raises Forbidden.
    """
    query = _described(actor.tenant).where(_visible(actor))
    if status is not None:
        query = query.where(Dispute.state == status)
    if is_open:
        query = query.where(Dispute.state.in_(OPEN))
    if settlement_id is not None:
        query = query.where(Dispute.settlement_id == settlement_id)
    query = arrange(query, by_age(order, waiting=is_open), Dispute.id, rows=query, after=after)
    return _views(actor, query.limit(limit))


def see_dispute(actor: Actor, dispute_id: UUID) -> DisputeView:
    """One dispute: NotFound, Forbidden."""
    dispute = load(actor.tenant, Dispute, dispute_id)
    require(actor, SEE, merchant_id=dispute.merchant_id)
    return _views(actor, _described(actor.tenant).where(Dispute.id == dispute.id))[0]


def read_photo(actor: Actor, dispute_id: UUID, photo_id: UUID) -> bytes:
    """The photo, for the shop and the community's own people: it may show somebody. NotFound, Forbidden."""
    view = see_dispute(actor, dispute_id)
    scopes = reach(actor, SEE)
    if all(scope & MASKED for scope in scopes.values()):
        raise Forbidden
    return evidence.content(actor.tenant, view.dispute.id, photo_id)


def count_waiting_for(actor: Actor) -> int:
    """How many disputes wait for a step of this actor."""
    if not any(may(actor, verb) for verb in (ANSWER, DECIDE, DECIDE_AGAIN)):
        return 0
    waiting = db.session.scalars(scoped(actor.tenant, Dispute).where(Dispute.state.in_(OPEN)))
    return sum(bool(_steps(actor, dispute)) for dispute in waiting)


def is_overdue(dispute: Dispute, now: datetime | None = None) -> bool:
    """Does it still wait after its day?"""
    return dispute.state in OPEN and dispute.due_at <= (now or clock.now())


def _visible(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, SEE)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Dispute.id.is_not(None)
    return Dispute.merchant_id.in_([one.merchant_id for one in actor.counters if one.role in scopes])


def _described(community_id: UUID) -> Select[Any]:
    return (
        scoped(community_id, Dispute, SettlementLine, Settlement)
        .add_columns(Merchant)
        .where(
            SettlementLine.id == Dispute.line_id,
            Settlement.id == Dispute.settlement_id,
            Merchant.id == Dispute.merchant_id,
        )
    )


def _views(actor: Actor, query: Select[Any]) -> list[DisputeView]:
    rows = db.session.execute(query).tuples().all()
    photos = evidence.of(actor.tenant, [dispute.id for dispute, *_ in rows])
    undecided = undecided_favours(actor.tenant, [dispute.line_id for dispute, *_ in rows])
    return [
        DisputeView(
            dispute,
            line,
            settlement,
            merchant,
            photos.get(dispute.id, []),
            _steps(actor, dispute),
            undecided[line.id],
        )
        for dispute, line, settlement, merchant in rows
    ]


def _steps(actor: Actor, dispute: Dispute) -> list[str]:
    """answer, decide, appeal: what the actor may do about it now."""
    found = []
    if dispute.state == DisputeState.RAISED and may(actor, ANSWER):
        found.append("answer")
    if _may_decide(actor, dispute):
        found.append("decide")
    if _may_appeal(dispute) and may(actor, DISPUTE, merchant_id=dispute.merchant_id):
        found.append("appeal")
    return found


def _may_decide(actor: Actor, dispute: Dispute) -> bool:
    if dispute.state != DisputeState.APPEALED:
        return dispute.state in OPEN and may(actor, DECIDE)
    if dispute.appealed_at is None or not may(actor, DECIDE_AGAIN) or actor.is_person(dispute.decided_by):
        return False
    return not stands_in(actor, DECIDE_AGAIN) or clock.now() >= street_may_since(dispute.appealed_at)


def _may_appeal(dispute: Dispute) -> bool:
    is_lost = dispute.state == DisputeState.DECIDED and dispute.favour == Favour.COMMUNITY
    return is_lost and dispute.appeal_until is not None and clock.now() < dispute.appeal_until
