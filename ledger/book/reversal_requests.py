"""Reversals by hand: one person asks and says why, a second one approves; then the transfer is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import func

from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.codes import DECLARED, Code, Kind
from ledger.book.errors import AmountOutOfRange, NotReversible, OverReversed, OwnReversal
from ledger.book.models import ReversalRequest, ReversalState, Transfer
from ledger.book.reversals import Taking, account_keys, standing_keys, take_back
from ledger.book.transfers import Source, left_to_reverse
from ledger.core import audit, clock, outbox, registry
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.second_person import count_if_stood_in, require_second
from ledger.core.tenancy import Actor, load, scoped

SECOND = "second_reversal"
"""The right to be the second person."""

REASON = "reason"
"""The field under which the words of a reason are kept, erasable."""

SOURCE = "reversal"
"""The source type of the transfers that a request posts; the source's id is the request's."""

OTHER_WAYS = {
    Code.REDEEM: (
        "请办理退回红花：商户或财务在那次兑换里退。",
        "Refund the redemption instead: the shop or the treasurer does it there.",
    ),
    Code.BUY: ("请本人退券；用过的券由商户或财务退回红花。", "Return the voucher; once used, refund its redemption."),
    Code.SPEND: ("公开过的用途不改；请再记一笔。", "A published use of the pot stands; record another."),
    Code.REFUND: ("退回以后请重新兑换。", "A refund stands; redeem again."),
    Code.REPAY: ("还欠是发放带来的；请冲正那次发放。", "A repayment follows from an award; reverse that award."),
    Code.EXPIRE: ("到期按规则发生，不再重算。", "Points expire by the rule, which is never computed again."),
    Code.RESTORE: ("它随冲正一起发生；请重新盖章。", "It came with a reversal; stamp anew."),
    Code.SETTLE: ("付过的结算不改；差错记到下一期结算单。", "What is settled stays; correct it in the next statement."),
    Code.PAY: ("付过的款不改；差错记到下一期结算单。", "What is paid stays; correct it in the next statement."),
    Code.MERGE: ("请在那次合并里撤销（30 天内）。", "Undo the merge itself, within 30 days."),
    Code.REVERSE: ("冲正不能再冲正；请重新盖章或重新拨入。", "A reversal is not reversed: stamp or grant anew."),
}
"""What to do instead about transfers that have no way back by REVERSE, in zh and en."""


def why_not_reversible(transfer: Transfer) -> NotReversible | None:
    """The refusal that tells the right way, or None for a transfer whose way back is declared."""
    return _refusal(transfer, account_keys(transfer.community_id, [transfer]))


def _refusal(transfer: Transfer, keys: dict[UUID, AccountKey]) -> NotReversible | None:
    debit, credit = keys[transfer.debit_account_id], keys[transfer.credit_account_id]
    if transfer.code != Code.REVERSE and (credit.kind, debit.kind, credit.unit) in DECLARED[Code.REVERSE]:
        return None
    way_zh, way_en = OTHER_WAYS[Code(transfer.code)]
    return NotReversible(way_zh=way_zh, way_en=way_en)


def left_to_ask(community_id: UUID, transfer_id: UUID) -> int:
    """How much of the transfer is neither reversed nor asked for yet; never negative."""
    waiting = scoped(community_id, ReversalRequest).where(
        ReversalRequest.transfer_id == transfer_id, ReversalRequest.state == ReversalState.AWAITING_SECOND
    )
    asked = int(db.session.scalar(waiting.with_only_columns(func.sum(ReversalRequest.amount))) or 0)
    return max(0, left_to_reverse(community_id, [transfer_id])[transfer_id] - asked)


@atomic
def ask_reversal(actor: Actor, transfer_id: UUID, *, reason: str, amount: int | None = None) -> ReversalRequest:
    """The reversal waits for a second person; nothing has moved.

    `amount` is in the transfer's unit, 1 or more; None is all that is left. What other requests ask for counts as
    gone, so that requests together never exceed the transfer. Raises NotFound, Forbidden, NotReversible,
    AmountOutOfRange, OverReversed.
    """
    transfer = load(actor.tenant, Transfer, transfer_id)
    require(actor, "reverse")
    refusal = why_not_reversible(transfer)
    if refusal is not None:
        raise refusal
    if amount is not None and amount < 1:
        raise AmountOutOfRange
    _lock(transfer)
    left = left_to_ask(actor.tenant, transfer.id)
    if left < (amount or 1):
        raise OverReversed(left=left)
    request_id = new_id()
    kept = keep_words(actor.tenant, reason, thing_id=request_id, field=REASON)
    request = ReversalRequest(
        community_id=actor.tenant,
        id=request_id,
        transfer_id=transfer.id,
        amount=amount or left,
        reason=reason,
        reason_digest=bytes.fromhex(kept),
        state=ReversalState.AWAITING_SECOND,
        asked_by=actor.person_id,
        asked_at=clock.now(),
        note="",
    )
    db.session.add(request)
    db.session.flush()
    _tell(actor, request, "ask_reversal", "reversal.asked")
    return request


@registry.begun_by
def _begun(community_id: UUID, person_id: UUID) -> list[registry.Work]:
    query = scoped(community_id, ReversalRequest.id, ReversalRequest.asked_at).where(
        ReversalRequest.state == ReversalState.AWAITING_SECOND, ReversalRequest.asked_by == person_id
    )
    return [registry.Work("reversal", *row) for row in db.session.execute(query)]


def _lock(transfer: Transfer) -> None:
    """Requests for the same transfer wait for each other, as reversals do."""
    lock = scoped(transfer.community_id, Transfer.id).where(Transfer.id == transfer.id)
    db.session.execute(lock.with_for_update(key_share=True))


@contextmanager
def _decision(actor: Actor, request_id: UUID, verb: str, *, own: bool = False) -> Iterator[ReversalRequest]:
    """A waiting request, locked: NotFound, Forbidden (also if `own` and it is not), WrongState.

    Who decided and when are written at the end.
    """
    request = load(actor.tenant, ReversalRequest, request_id, lock=True)
    require(actor, verb)
    if own and not actor.is_person(request.asked_by):
        raise Forbidden
    if request.state != ReversalState.AWAITING_SECOND:
        raise WrongState(state=request.state)
    yield request
    request.decided_by, request.decided_at = actor.person_id, clock.now()
    db.session.flush()


def _require_second(actor: Actor, request: ReversalRequest) -> None:
    require_second(actor, SECOND, asked_by=request.asked_by, waiting_since=request.asked_at)


def _require_not_own(actor: Actor, request: ReversalRequest) -> None:
    """Nobody approves that points come back to themself (their own donation)."""
    transfer = load(actor.tenant, Transfer, request.transfer_id)
    if transfer.debit_account_id in {wallet_of(member_id).id_in(actor.tenant) for member_id in actor.member_ids}:
        raise OwnReversal


@atomic
def approve_reversal(actor: Actor, request_id: UUID) -> ReversalRequest:
    """The amount is taken back by the one writer, in this transaction.

    By another person than who asked; the street only in the second person's long absence. If less is left by now
    (the stamp was undone meanwhile), nothing moves. Raises NotFound, Forbidden, WrongState, OwnStep,
    SecondPersonPresent, OwnReversal, InsufficientFunds, OverReversed.
    """
    with _decision(actor, request_id, SECOND) as request:
        _require_second(actor, request)
        _require_not_own(actor, request)
        source = Source(SOURCE, request.id, evidence_of(request, approved_by=actor.person_id))
        take_back(actor, [Taking(request.transfer_id, request.amount, source)])
        request.state = ReversalState.POSTED
    _tell(actor, request, "approve_reversal", "transfer.reversed", **_whom(request))
    return request


def evidence_of(request: ReversalRequest, *, approved_by: UUID | None) -> bytes:
    """SHA-256 of what led to the amount: it stands in the posted transfers, so no word of it can change unseen.

    Of the reason it holds the salted commitment only: whoever reads it can try no words against it.
    """
    return digest_of(
        reversal=request.id,
        transfer=request.transfer_id,
        amount=request.amount,
        reason=request.reason_digest.hex(),
        asked_by=request.asked_by,
        asked_at=request.asked_at,
        approved_by=approved_by,
    )


def _whom(request: ReversalRequest) -> dict[str, str]:
    """Whose wallet or hours it was, for whoever tells them; nothing where it was the community's own money."""
    transfer = load(request.community_id, Transfer, request.transfer_id)
    keys = standing_keys(request.community_id, [transfer])
    members = [key.owner_id.hex for key in keys.values() if key.kind in (Kind.WALLET, Kind.HOURS)]
    return {"member_id": members[0]} if members else {}


@atomic
def decline_reversal(actor: Actor, request_id: UUID, *, note: str) -> ReversalRequest:
    """The second person said no, and why; nothing moves.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent.
    """
    with _decision(actor, request_id, SECOND) as request:
        _require_second(actor, request)
        _require_not_own(actor, request)
        request.state, request.note = ReversalState.DECLINED, note
    _tell(actor, request, "decline_reversal", "reversal.declined")
    return request


@atomic
def withdraw_reversal(actor: Actor, request_id: UUID, *, note: str = "") -> ReversalRequest:
    """Who asked took it back; nothing moves. Raises NotFound, Forbidden (asked by somebody else), WrongState."""
    with _decision(actor, request_id, "reverse", own=True) as request:
        request.state, request.note = ReversalState.WITHDRAWN, note
    _tell(actor, request, "withdraw_reversal", "reversal.withdrawn")
    return request


def _tell(actor: Actor, request: ReversalRequest, action: str, event: str, **whom: str) -> None:
    """Audited and announced. `stood_in` marks what the street did for an absent second person, to be counted."""
    facts: dict[str, Any] = {"transfer_id": request.transfer_id.hex, "amount": request.amount}
    stood_in = count_if_stood_in(actor, SECOND, request.id)
    audit.record(actor, f"books.{action}", request.id, stood_in=stood_in, **facts)
    outbox.announce(actor, event, reversal_id=request.id.hex, **facts, **whom)
