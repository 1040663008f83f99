"""Reversals that an actor may see, and what one would move if it were approved now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import accounts_of_member
from ledger.book.codes import Kind
from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.reversal_requests import SECOND, SOURCE
from ledger.book.reversals import Leg, legs_back, standing_keys, would_give
from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import may, members_reached, reach, reaches_all
from ledger.core.second_person import stands_in, street_may_since
from ledger.core.tenancy import Actor, load, scoped

MOST_WAITING = 200

Seen = tuple[ReversalRequest, Transfer]
"""A request with the transfer that it would take back, or has taken back."""


def list_reversals(
    actor: Actor,
    *,
    status: ReversalState | None = None,
    transfer_id: UUID | None = None,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Seen]:
    """Requests that the actor may see. Raises Forbidden."""
    query = _seen(actor)
    if status is not None:
        query = query.where(ReversalRequest.state == status)
    if transfer_id is not None:
        query = query.where(ReversalRequest.transfer_id == transfer_id)
    query = arrange(query, BY_AGE[order], ReversalRequest.id, rows=query, after=after)
    return [(request, transfer) for request, transfer in db.session.execute(query.limit(limit))]


def see_reversal(actor: Actor, request_id: UUID) -> Seen:
    """One request with its transfer: NotFound, Forbidden."""
    load(actor.tenant, ReversalRequest, request_id)
    found = db.session.execute(_seen(actor).where(ReversalRequest.id == request_id)).one_or_none()
    if found is None:
        raise Forbidden
    request, transfer = found
    return request, transfer


def _seen(actor: Actor) -> Select[Any]:
    query = scoped(actor.tenant, ReversalRequest, Transfer)
    return query.where(Transfer.id == ReversalRequest.transfer_id, _visible(actor))


def _visible(actor: Actor) -> ColumnElement[bool]:
    """All of the community's; or what was taken back from the actor's own accounts, once it was."""
    scopes = reach(actor, "see_reversals")
    if reaches_all(scopes):
        return ReversalRequest.id.is_not(None)
    reached = members_reached(actor, scopes)
    if not reached:
        raise Forbidden
    return _posted_on(actor.tenant, reached)


def _posted_on(community_id: UUID, member_ids: Collection[UUID]) -> ColumnElement[bool]:
    ids = [key.id_in(community_id) for member_id in sorted(member_ids) for key in accounts_of_member(member_id)]
    own = or_(Transfer.debit_account_id.in_(ids), Transfer.credit_account_id.in_(ids))
    return own & (ReversalRequest.state == ReversalState.POSTED)


def reversals_of_member(actor: Actor, *, limit: int = 50) -> list[Seen]:
    """What was taken back from the actor's own accounts by hand, newest first; nothing for whoever is no member."""
    if actor.member_id is None:
        return []
    query = scoped(actor.tenant, ReversalRequest, Transfer).where(Transfer.id == ReversalRequest.transfer_id)
    query = query.where(_posted_on(actor.tenant, actor.member_ids))
    rows = db.session.execute(query.order_by(ReversalRequest.id.desc()).limit(limit))
    return [(request, transfer) for request, transfer in rows]


def corrections_of(community_id: UUID, source_type: str, source_id: UUID) -> list[Seen]:
    """What was taken back by hand of everything that this source moved (a stamp's points and hours), oldest first."""
    query = scoped(community_id, ReversalRequest, Transfer).where(
        Transfer.id == ReversalRequest.transfer_id,
        Transfer.source_type == source_type,
        Transfer.source_id == source_id,
        ReversalRequest.state == ReversalState.POSTED,
    )
    rows = db.session.execute(query.order_by(ReversalRequest.id))
    return [(request, transfer) for request, transfer in rows]


def count_waiting_for(actor: Actor) -> int:
    """How many requests the actor may decide now as the second person: none of their own."""
    if not may(actor, SECOND):
        return 0
    waiting = list_reversals(actor, status=ReversalState.AWAITING_SECOND, limit=MOST_WAITING)
    return sum(may_decide(actor, request) for request, _ in waiting)


def may_decide(actor: Actor, request: ReversalRequest) -> bool:
    """Would the actor be let through as the second person of this request now?"""
    if not may(actor, SECOND) or request.state != ReversalState.AWAITING_SECOND:
        return False
    in_time = not stands_in(actor, SECOND) or clock.now() >= street_may_since(request.asked_at)
    return in_time and not actor.is_person(request.asked_by)


def what_would_move(transfer: Transfer, amount: int) -> list[Leg]:
    """The movements that taking `amount` of the transfer back would make now: what the wallet has, and the debt."""
    keys = standing_keys(transfer.community_id, [transfer])
    debit, credit = keys[transfer.debit_account_id], keys[transfer.credit_account_id]
    given = would_give(transfer, amount) if credit.kind is Kind.WALLET else 0
    return legs_back(debit, credit, amount, given)


def transfers_of(request: ReversalRequest) -> list[Transfer]:
    """What the request has posted; empty while nothing was."""
    query = scoped(request.community_id, Transfer).where(
        Transfer.reverses_id == request.transfer_id, Transfer.source_type == SOURCE, Transfer.source_id == request.id
    )
    return list(db.session.scalars(query.order_by(Transfer.part)))


def reversals_of(transfer: Transfer) -> list[Transfer]:
    """What has been taken back of the transfer, by hand or with its stamp, oldest first."""
    query = scoped(transfer.community_id, Transfer).where(Transfer.reverses_id == transfer.id)
    return list(db.session.scalars(query.order_by(Transfer.id)))
