"""Transfers and the one writer. Points, fen and minutes move here and nowhere else; history is only added to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Update, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from ledger.book import balances, cohorts, dating, months, plain_posting, rollups, slots
from ledger.book.accounts import AccountKey, debt_of
from ledger.book.balances import Change, change_balances
from ledger.book.codes import DECLARED, EARNED, EARNING, SPENT, STORED, Code, Kind
from ledger.book.drafts import Draft as Draft
from ledger.book.drafts import Source as Source
from ledger.book.errors import (
    AlreadyPosted,
    AmountOutOfRange,
    EffectiveInFuture,
    HoldEnded,
    InsufficientPoints,
    OverReversed,
    TransferNotDeclared,
)
from ledger.book.holds import expire_overdue
from ledger.book.models import Hold, HoldState, Transfer
from ledger.core import clock
from ledger.core.db import UtcDateTime, connection, db, is_postgresql, savepoint, sets_savepoints
from ledger.core.idempotency import request_digest
from ledger.core.ids import new_id
from ledger.core.many import insert_many
from ledger.core.money import MAX_AMOUNT
from ledger.core.tenancy import Actor, asked, scoped, within

_transfers: Any = Transfer.__table__
_holds: Any = Hold.__table__


def post_transfers(actor: Actor, drafts: Sequence[Draft]) -> list[UUID]:
    """All transfers are written and all balances moved, or nothing is; returns the new ids in the drafts' order.

    One path for one transfer and for a thousand. Balances are locked wallet → debt → hours → fund, sorted within a
    kind. A wallet that falls short first ends its overdue holds; one that earns repays its debt first. Points that
    expire are spent first; what gives back points of several dates is written in pieces, and the id of the first is
    returned. Runs inside the caller's transaction.

    Raises, in this order: AmountOutOfRange, TransferNotDeclared, EffectiveInFuture, MonthClosed, InsufficientPoints,
    InsufficientFunds, HoldEnded, OverReversed, AlreadyPosted.
    """
    if not drafts:
        return []
    now = clock.now()
    for draft in drafts:
        _examine(draft, now)
    months.refuse_closed(actor.tenant, drafts)
    try:
        return _post(actor, drafts)
    except InsufficientPoints:
        # A hold whose time is over keeps no points back, even before the sweeper came.
        if not expire_overdue(actor.tenant, *{draft.debit for draft in drafts if draft.debit.kind is Kind.WALLET}):
            raise
        return _post(actor, drafts)


def _post(actor: Actor, drafts: Sequence[Draft]) -> list[UUID]:
    with savepoint():
        changes, ids = _changes(drafts), [new_id() for _ in drafts]
        if is_postgresql() and not sets_savepoints() and plain_posting.are_plain(actor.tenant, drafts):
            return _post_plainly(actor, drafts, changes, ids)
        change_balances(actor.tenant, changes)
        _post_holds(actor.tenant, [draft.hold for draft in drafts if draft.hold])
        _refuse_over_reversal(actor.tenant, drafts)
        # Read once, after the lock: a statement made under the same lock has seen all that was recorded before it, and
        # what is recorded on a day is dated and drawn on that day.
        now = balances.after_the_locks(changes)
        pieces = dating.date_credits(actor.tenant, drafts, day=clock.local_day(now))
        written = [
            (new_id() if number else its_id, piece)
            for of_draft, its_id in zip(pieces, ids, strict=True)
            for number, piece in enumerate(of_draft)
        ]
        _write_rows(actor, written, now)
        cohorts.settle(actor.tenant, written, day=clock.local_day(now))
        _repay_debts(actor, drafts)
    return ids


def _post_plainly(actor: Actor, drafts: Sequence[Draft], changes: Sequence[Change], ids: list[UUID]) -> list[UUID]:
    now = clock.now()
    plain_posting.post_plainly(
        actor,
        drafts,
        changes=balances.in_lock_order(actor.tenant, changes),
        rows=[_row(actor, draft, its_id, now) for draft, its_id in zip(drafts, ids, strict=True)],
        sums=rollups.sums_of(actor.tenant, _movements(actor.tenant, drafts, now)),
        day=clock.local_day(now),
    )
    return ids


def _examine(draft: Draft, now: datetime) -> None:
    if not 0 < draft.amount <= MAX_AMOUNT:
        raise AmountOutOfRange
    leg = (draft.debit.kind, draft.credit.kind, draft.debit.unit)
    if leg not in DECLARED[draft.code] or draft.credit.unit is not draft.debit.unit or draft.credit == draft.debit:
        raise TransferNotDeclared
    if draft.effective_at is not None and draft.effective_at > now:
        raise EffectiveInFuture


def _changes(drafts: Sequence[Draft]) -> list[Change]:
    """What the drafts together do to each stored balance."""
    found: dict[tuple[AccountKey, int], Change] = {}
    for draft in drafts:
        for key, sign in ((draft.debit, -1), (draft.credit, 1)):
            if key.kind not in STORED:
                continue
            slot = draft.hold.slot if draft.hold and sign < 0 else slots.pick(key)
            change = found.setdefault((key, slot), Change(key, slot))
            change.balance += sign * draft.amount
            change.held -= draft.hold.amount if draft.hold and sign < 0 else 0
            if key.kind is Kind.WALLET:
                change.earned += sign * draft.amount if (draft.code, sign) in EARNED else 0
                change.spent -= sign * draft.amount if (draft.code, sign) in SPENT else 0
    return list(found.values())


def _post_holds(community_id: UUID, posted: Sequence[Hold]) -> None:
    """The holds become posted, each still placed and in time by the clock read after the wallet's lock."""
    if not posted:
        return
    ids = [hold.id for hold in posted]
    values = {"of_community": community_id, "of_holds": ids, "at": clock.now()}
    if connection().execute(_post_placed(is_postgresql() and not clock.is_set()), values).rowcount != len(posted):
        raise HoldEnded


@cache
def _post_placed(by_its_own_clock: bool) -> Update:
    """Built once for each clock."""
    now = func.clock_timestamp() if by_its_own_clock else bindparam("at", type_=UtcDateTime())
    placed = _holds.c.state == HoldState.PLACED, _holds.c.expires_at > now
    named = within(asked("of_community"), Hold), _holds.c.id.in_(bindparam("of_holds", expanding=True))
    return update(_holds).where(*named, *placed).values(state=HoldState.POSTED, ended_at=bindparam("at"))


def _refuse_over_reversal(community_id: UUID, drafts: Sequence[Draft]) -> None:
    """The reversed transfers are locked, so the sum of earlier reversals cannot change under us."""
    asked: dict[UUID, int] = defaultdict(int)
    for draft in drafts:
        if draft.reverses_id is not None:
            asked[draft.reverses_id] += draft.amount
    if not asked:
        return
    lock = scoped(community_id, Transfer.id).where(Transfer.id.in_(asked)).order_by(Transfer.id)
    db.session.execute(lock.with_for_update(key_share=True))
    for original_id, left in left_to_reverse(community_id, list(asked)).items():
        if asked[original_id] > left:
            raise OverReversed(left=left)


def left_to_reverse(community_id: UUID, transfer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How much of each transfer has not been reversed yet."""
    if not transfer_ids:
        return {}
    named = {"of_community": community_id, "of_transfers": transfer_ids}
    rows = connection().execute(_amounts_and_reversals(), named)
    return {transfer_id: amount - int(taken) for transfer_id, amount, taken in rows}


@cache
def _amounts_and_reversals() -> Select[Any]:
    community_id, reversal = asked("of_community"), aliased(Transfer)
    reversed_so_far = (
        select(func.coalesce(func.sum(reversal.amount), 0))
        .where(within(community_id, reversal), reversal.reverses_id == Transfer.id)
        .scalar_subquery()
    )
    query = scoped(community_id, Transfer.id, Transfer.amount).add_columns(reversed_so_far)
    return query.where(Transfer.id.in_(bindparam("of_transfers", expanding=True)))


def _write_rows(actor: Actor, named: Sequence[tuple[UUID, Draft]], now: datetime) -> None:
    rows = [_row(actor, draft, its_id, now) for its_id, draft in named]
    try:
        insert_many(_transfers, rows)
    except IntegrityError as error:
        if "uq_transfers_source" in str(error.orig) or "transfers.source_id" in str(error.orig):
            raise AlreadyPosted from error
        raise
    rollups.add(actor.tenant, _movements(actor.tenant, [draft for _, draft in named], now))


def _movements(community_id: UUID, drafts: Sequence[Draft], now: datetime) -> Iterator[rollups.Movement]:
    for draft in drafts:
        for key, sign in ((draft.debit, -1), (draft.credit, 1)):
            account_id, amount = key.id_in(community_id), sign * draft.amount
            yield rollups.Movement(account_id, key.kind, draft.code, amount, min(draft.effective_at or now, now))


def _row(actor: Actor, draft: Draft, its_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "community_id": actor.tenant,
        "id": its_id,
        "code": draft.code,
        "unit": draft.debit.unit,
        "debit_account_id": draft.debit.id_in(actor.tenant),
        "credit_account_id": draft.credit.id_in(actor.tenant),
        "amount": draft.amount,
        # Not after the recording, should this machine's clock be ahead of the database's.
        "effective_at": min(draft.effective_at or now, now),
        "recorded_at": now,
        "source_type": draft.source.type,
        "source_id": draft.source.id,
        "part": draft.part,
        "source_digest": draft.source.digest,
        "reverses_id": draft.reverses_id,
        "actor_id": actor.person_id,
        "on_behalf_of": draft.on_behalf_of,
        "expires_on": draft.expires_on,
        "request_digest": request_digest.get(),
    }


def _repay_debts(actor: Actor, drafts: Sequence[Draft]) -> None:
    """What was just earned first pays back what was taken too much before, as far as the wallet allows."""
    earned = [draft for draft in drafts if draft.code in EARNING]
    owed = balances.debts(actor.tenant, {draft.credit.owner_id for draft in earned})
    repayments = []
    for draft in earned:
        member_id = draft.credit.owner_id
        amount = min(draft.amount, owed.get(member_id, 0))
        if amount:
            owed[member_id] -= amount
            repayments.append(
                Draft(
                    code=Code.REPAY,
                    debit=draft.credit,
                    credit=debt_of(member_id),
                    amount=amount,
                    source=draft.source,
                    part=draft.part,
                    on_behalf_of=draft.on_behalf_of,
                )
            )
    post_transfers(actor, repayments)
