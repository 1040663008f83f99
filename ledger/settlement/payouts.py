"""Payouts: a frozen, numbered batch of approved statements for the bank, and what the bank says of each line.

A batch is never changed. What the bank refused is paid in another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from ledger.core import audit, clock, ids, numbers, outbox
from ledger.core.db import atomic, db, expect_refusals, savepoint
from ledger.core.errors import NotFound, Reason, Refused, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.models import Community
from ledger.settlement.bank_accounts import used_accounts
from ledger.settlement.errors import (
    AmountChanged,
    BankAccountMissing,
    InPayout,
    NothingToPay,
    PayoutLineUnknown,
)
from ledger.settlement.models import Settlement, SettlementState
from ledger.settlement.payout_models import BankAccount, Payout, PayoutLine, PayoutLineState
from ledger.settlement.settlements import live_payout, take_payment

PAY = "pay_settlement"
MOST_LINES = 500


@atomic
def create_payout(actor: Actor, settlement_ids: Sequence[UUID]) -> Payout:
    """A batch with a number stands, a line a statement, each with its amount and account as they are now; or nothing.

    Nobody sends what they approved. Raises NotFound, Forbidden, then for the first statement that is wrong: WrongState
    (not approved), OwnStep, InPayout, NothingToPay, BankAccountMissing.
    """
    wanted = sorted(set(settlement_ids))
    require(actor, PAY)
    statements = [load(actor.tenant, Settlement, one, lock=True) for one in wanted]
    accounts = used_accounts(actor.tenant, [one.merchant_id for one in statements])
    for settlement in statements:
        _refuse(actor, settlement, accounts)
    payout = _new_batch(actor, statements)
    lines = [
        _new_line(payout, position, settlement, accounts[settlement.merchant_id])
        for position, settlement in enumerate(sorted(statements, key=_in_order), start=1)
    ]
    payout.digest = digest_of(lines=[[one.number, one.settlement_id, one.account_id, one.amount_fen] for one in lines])
    db.session.add(payout)
    db.session.flush()
    db.session.add_all(lines)
    db.session.flush()
    audit.record(actor, "settlement.create_payout", payout.id, lines=len(lines), total_fen=payout.total_fen)
    outbox.announce(actor, "payout.created", payout_id=payout.id.hex)
    return payout


def _refuse(actor: Actor, settlement: Settlement, accounts: dict[UUID, BankAccount]) -> None:
    if settlement.state != SettlementState.APPROVED:
        raise WrongState(state=settlement.state)
    require_another(actor, settlement.approved_by)
    number = live_payout(settlement)
    if number is not None:
        raise InPayout(payout=number)
    if settlement.to_pay_fen <= 0:
        raise NothingToPay(statement=settlement.number)
    if settlement.merchant_id not in accounts:
        raise BankAccountMissing(statement=settlement.number)


def _in_order(settlement: Settlement) -> tuple[str, UUID]:
    return settlement.number or "", settlement.id


def _new_batch(actor: Actor, statements: Sequence[Settlement]) -> Payout:
    year = clock.today().year
    short_code = db.session.get_one(Community, actor.tenant).short_code
    serial = numbers.next_in_series(actor.tenant, f"payouts {year}")
    return Payout(
        community_id=actor.tenant,
        id=new_id(),
        number=f"{short_code}-FK-{year}-{serial:03d}",
        line_count=len(statements),
        total_fen=sum(one.to_pay_fen for one in statements),
        digest=b"",
        made_at=clock.now(),
        made_by=actor.person_id,
    )


def _new_line(payout: Payout, position: int, settlement: Settlement, account: BankAccount) -> PayoutLine:
    return PayoutLine(
        community_id=payout.community_id,
        id=new_id(),
        payout_id=payout.id,
        position=position,
        number=f"{payout.number}-{position:03d}",
        settlement_id=settlement.id,
        merchant_id=settlement.merchant_id,
        account_id=account.id,
        amount_fen=settlement.to_pay_fen,
        state=PayoutLineState.WAITING,
        reason="",
    )


# --- what the bank says -----------------------------------------------------------------------------------------


class BankResult(NamedTuple):
    """What the bank says of one line: `line` is its id or number, `row` where it stands in what was sent (from 1).

    Failed ones say why, paid ones the bank's reference and day.
    """

    row: int
    line: str
    amount_fen: int
    is_paid: bool
    reference: str = ""
    paid_on: date | None = None
    reason: str = ""


class ResultTaken(NamedTuple):
    """What became of one line: paid, failed, or refused with the reason, by the row that it stood in."""

    row: int
    line: str
    status: str
    refusal: Reason | None = None

    @property
    def code(self) -> str | None:
        return self.refusal.code if self.refusal else None


@atomic
def take_results(actor: Actor, payout_id: UUID, results: Iterable[BankResult]) -> list[ResultTaken]:
    """Each line is taken for itself, when its id and its amount are the batch's: paid, in the books too, or failed.

    What failed is an approved statement again, for another batch. A line that does not agree is refused and changes
    nothing; the others are taken. Said again, a line stays as it is. Refusals of a line, in this order:
    PayoutLineUnknown, AmountChanged, WrongState (the bank said otherwise before), OwnStep (who approved), PaidInFuture.
    Raises NotFound, Forbidden.
    """
    payout = load(actor.tenant, Payout, payout_id, lock=True)
    require(actor, PAY)
    query = scoped(actor.tenant, PayoutLine).where(PayoutLine.payout_id == payout.id).order_by(PayoutLine.position)
    lines = {name: line for line in db.session.scalars(query) for name in (line.id, line.number)}
    expect_refusals()
    taken = [_take_one(actor, lines, result) for result in results]
    counts = {status: sum(one.status == status for one in taken) for status in ("paid", "failed", "refused")}
    audit.record(actor, "settlement.take_results", payout.id, **counts)  # type: ignore[arg-type]
    outbox.announce(actor, "payout.answered", payout_id=payout.id.hex)
    return taken


def _take_one(actor: Actor, lines: dict[UUID | str, PayoutLine], result: BankResult) -> ResultTaken:
    try:
        with savepoint():
            status = _take(actor, lines.get(ids.parse(result.line) or result.line.strip().upper()), result)
    except (Refused, NotFound) as refused:
        return ResultTaken(result.row, result.line, "refused", refused)
    return ResultTaken(result.row, result.line, status)


def _take(actor: Actor, line: PayoutLine | None, result: BankResult) -> str:
    if line is None:
        raise PayoutLineUnknown
    if line.amount_fen != result.amount_fen:
        raise AmountChanged
    said = PayoutLineState.PAID if result.is_paid else PayoutLineState.FAILED
    if line.state == said:
        return said
    if line.state != PayoutLineState.WAITING:
        raise WrongState(state=line.state)
    settlement = load(actor.tenant, Settlement, line.settlement_id, lock=True)
    require_another(actor, settlement.approved_by)
    if result.is_paid:
        paid_on = result.paid_on or clock.today()
        take_payment(actor, settlement.id, reference=result.reference or line.number, paid_on=paid_on)
        line.paid_on, line.reference = paid_on, result.reference
    line.state, line.reason = said, "" if result.is_paid else result.reason
    line.answered_at, line.answered_by = clock.now(), actor.person_id
    db.session.flush()
    return said
