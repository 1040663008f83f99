"""Holds: an amount set aside until it is posted by a transfer, voided, or its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy import text as sql_text

from ledger.book import cohorts, slots
from ledger.book.accounts import AccountKey
from ledger.book.balances import Change, change_balances
from ledger.book.codes import Kind, Unit
from ledger.book.errors import AmountOutOfRange, InsufficientPoints
from ledger.book.models import STANDS, Account, Balance, Hold, HoldState
from ledger.core import clock, registry
from ledger.core.db import db, sql_now
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from ledger.core.tenancy import Actor, scoped, within


def place_hold(
    actor: Actor, key: AccountKey, amount: int, *, source_type: str, source_id: UUID, expires_at: datetime
) -> Hold:
    """`amount` of the account is set aside until `expires_at`, points that expire first before others.

    Overdue holds of a wallet that falls short are ended first, under its lock. Raises AmountOutOfRange, then
    InsufficientPoints or InsufficientFunds.
    """
    if not 0 < amount <= MAX_AMOUNT:
        raise AmountOutOfRange
    change = Change(key, slots.pick(key), held=amount)
    hold = Hold(
        community_id=actor.tenant,
        id=new_id(),
        account_id=key.id_in(actor.tenant),
        slot=change.slot,
        amount=amount,
        drawn=0,
        state=HoldState.PLACED,
        source_type=source_type,
        source_id=source_id,
        actor_id=actor.person_id,
        created_at=clock.now(),
        expires_at=expires_at,
    )
    try:
        _set_aside(change, hold)
    except InsufficientPoints:
        if not expire_overdue(actor.tenant, key):
            raise
        _set_aside(change, hold)
    db.session.add(hold)
    db.session.flush()
    return hold


def _set_aside(change: Change, hold: Hold) -> None:
    """The amount is held and drawn from the wallet's cohorts, or neither."""
    change_balances(hold.community_id, [change])
    if change.key.kind is Kind.WALLET and change.dated != 0:
        try:
            cohorts.draw_for_hold(hold)
        except InsufficientPoints:
            change_balances(hold.community_id, [Change(change.key, change.slot, held=-hold.amount)])
            raise


def holds_of(community_id: UUID, source_type: str, source_id: UUID) -> dict[Kind, Hold]:
    """The placed holds of a source, by the kind of their account."""
    query = scoped(community_id, Hold, Account.kind).where(
        Hold.account_id == Account.id,
        Hold.source_type == source_type,
        Hold.source_id == source_id,
        Hold.state == HoldState.PLACED,
    )
    return {Kind(kind): hold for hold, kind in db.session.execute(query)}


def void_holds(community_id: UUID, source_type: str, source_ids: Sequence[UUID]) -> list[UUID]:
    """The sources' placed holds are voided and their amounts available again; returns the sources that had any.

    The room that placed them gives back its own reservations through the registry, between wallets and funds.
    """
    return _end(community_id, source_type, source_ids, HoldState.VOIDED)


def expire_overdue(community_id: UUID, *keys: AccountKey, limit: int = 500) -> int:
    """Holds whose time is over become expired, with everything reserved beside them; of these accounts, or of all.

    Returns how many sources were ended.
    """
    query = scoped(community_id, Hold.source_type, Hold.source_id).where(
        Hold.state == HoldState.PLACED, Hold.expires_at <= sql_now()
    )
    if keys:
        query = query.where(Hold.account_id.in_([key.id_in(community_id) for key in keys]))
    found: dict[str, dict[UUID, None]] = {}
    for source_type, source_id in db.session.execute(query.limit(limit)):
        found.setdefault(source_type, {})[source_id] = None
    return sum(len(_end(community_id, kind, list(ids), HoldState.EXPIRED)) for kind, ids in found.items())


def _end(community_id: UUID, source_type: str, source_ids: Sequence[UUID], state: HoldState) -> list[UUID]:
    """Lock the wallets, end the holds, let the room give back stock and caps, then free the funds."""
    rows = _lock_wallets_of(community_id, source_type, source_ids)
    ended = _mark_ended(community_id, [hold.id for hold, _ in rows], state)
    freed = [(hold, key) for hold, key in rows if hold.id in ended]
    changes = [Change(key, hold.slot, held=-hold.amount) for hold, key in freed]
    change_balances(community_id, [change for change in changes if change.key.kind is Kind.WALLET])
    cohorts.give_back_holds(community_id, [hold for hold, _ in freed if hold.drawn])
    sources = list(dict.fromkeys(hold.source_id for hold, _ in freed))
    if sources and source_type in registry.holds_ended:
        registry.holds_ended[source_type](community_id, sources)
    change_balances(community_id, [change for change in changes if change.key.kind is not Kind.WALLET])
    return sources


def _lock_wallets_of(community_id: UUID, source_type: str, source_ids: Sequence[UUID]) -> list[tuple[Hold, AccountKey]]:
    query = scoped(community_id, Hold, Account).where(
        Hold.account_id == Account.id,
        Hold.source_type == source_type,
        Hold.source_id.in_(source_ids),
        Hold.state == HoldState.PLACED,
    )
    rows = [
        (hold, AccountKey(Kind(account.kind), Unit(account.unit), account.owner_id))
        for hold, account in db.session.execute(query)
    ]
    wallets = [hold.account_id for hold, key in rows if key.kind is Kind.WALLET]
    lock = scoped(community_id, Balance.account_id).where(Balance.account_id.in_(wallets))
    db.session.execute(lock.order_by(Balance.account_id).with_for_update())
    return rows


def _mark_ended(community_id: UUID, hold_ids: Sequence[UUID], state: HoldState) -> set[UUID]:
    """Those that really were still placed (and, to expire, overdue by the clock read after the lock)."""
    statement = (
        update(Hold)
        .where(within(community_id, Hold), Hold.id.in_(hold_ids), Hold.state == HoldState.PLACED)
        .values(state=state, ended_at=clock.now())
        .returning(Hold.id)
        .execution_options(synchronize_session=False)
    )
    if state is HoldState.EXPIRED:
        statement = statement.where(Hold.expires_at <= sql_now())
    return set(db.session.scalars(statement))


@registry.gauge("oldest_hold_seconds", "Age of the oldest hold that still stands")
def oldest_hold_seconds() -> float:
    return clock.age_of(db.session.scalar(select(func.min(Hold.created_at)).where(sql_text(STANDS))))
