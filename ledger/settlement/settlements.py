"""The life of a statement: draft → issued → confirmed → approved → paid → reconciled, void before it is paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from ledger.book.accounts import bank_of, issuance_of, payable_to, takings_of
from ledger.book.codes import Code
from ledger.book.models import Account, Transfer
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, numbers, outbox, registry, second_person, workdays
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, WrongState
from ledger.core.permissions import require
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped, system_actor, within
from ledger.people.models import Community
from ledger.settlement import lines as statement_lines
from ledger.settlement.agreed import terms_with
from ledger.settlement.closing import Opening, draft_statement
from ledger.settlement.dispute_models import Dispute, DisputeState
from ledger.settlement.errors import DisputeDecided, InPayout, InvoiceMissing, PaidInFuture
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState
from ledger.settlement.owners import ISSUED, PAID, tell_owners
from ledger.settlement.payout_models import Payout, PayoutLine, PayoutLineState
from ledger.settlement.points import PAID_STATES, points_due

DEFAULT_AUTO_CONFIRM_DAYS = 3


@contextmanager
def _step(actor: Actor, settlement_id: UUID, verb: str, *states: SettlementState) -> Iterator[Settlement]:
    """One step of a statement, locked: NotFound, Forbidden, WrongState; audited and announced at the end."""
    settlement = load(actor.tenant, Settlement, settlement_id, lock=True)
    require(actor, f"{verb}_settlement", merchant_id=settlement.merchant_id)
    if settlement.state not in states:
        raise WrongState(state=settlement.state)
    yield settlement
    db.session.flush()
    stood_in = verb == "approve" and second_person.count_if_stood_in(actor, "approve_settlement", settlement.id)
    audit.record(actor, f"settlement.{verb}", settlement.id, state=settlement.state, stood_in=stood_in)
    outbox.announce(actor, f"settlement.{settlement.state}", settlement_id=settlement.id.hex)


@atomic
def issue(actor: Actor, settlement_id: UUID) -> Settlement:
    """The statement has its number and digest and is frozen; the shop's days to confirm begin.

    Raises NotFound, Forbidden, WrongState.
    """
    with _step(actor, settlement_id, "issue", SettlementState.DRAFT) as settlement:
        short_code = db.session.get_one(Community, actor.tenant).short_code
        serial = numbers.next_in_series(actor.tenant, f"settlements {settlement.week}")
        settlement.number = f"{short_code}-JS-{settlement.week}-{serial:03d}"
        settlement.state = SettlementState.ISSUED
        settlement.issued_at, settlement.issued_by = clock.now(), actor.person_id
        terms = terms_with(actor.tenant, settlement.merchant_id)
        days = DEFAULT_AUTO_CONFIRM_DAYS if terms is None else terms.auto_confirm_days
        settlement.auto_confirm_on = workdays.add_workdays(clock.today(), days)
        settlement.digest = statement_lines.digest_of(settlement, statement_lines.lines_of(actor.tenant, settlement.id))
        day = settlement.auto_confirm_on.isoformat()
        tell_owners(actor.tenant, settlement.merchant_id, ISSUED, number=settlement.number, day=day)
    return settlement


@atomic
def confirm(actor: Actor, settlement_id: UUID) -> Settlement:
    """The shop agrees with the statement. Raises NotFound, Forbidden, WrongState."""
    with _step(actor, settlement_id, "confirm", SettlementState.ISSUED) as settlement:
        settlement.state = SettlementState.CONFIRMED
        settlement.confirmed_at, settlement.confirmed_by = clock.now(), actor.person_id
    return settlement


@registry.gauge("unpaid_fen", "What statements say is to be paid to shops and has not been")
def unpaid_fen() -> float:
    unpaid = select(func.sum(Settlement.payable_fen - Settlement.held_fen))
    over = (SettlementState.PAID, SettlementState.RECONCILED, SettlementState.VOID)
    return float(db.session.scalar(unpaid.where(Settlement.state.not_in(over))) or 0)


@registry.job("confirm_silent_statements", period=lambda moment: clock.local_day(moment).isoformat())
def confirm_silent(community_id: UUID, _day: str) -> None:
    """Statements to which the shop said nothing in its days are confirmed by the clock (confirmed_by stays empty)."""
    due = (
        update(Settlement)
        .where(within(community_id, Settlement), Settlement.state == SettlementState.ISSUED)
        .where(Settlement.auto_confirm_on < clock.today())
        .values(state=SettlementState.CONFIRMED, confirmed_at=clock.now())
        .returning(Settlement.id)
        .execution_options(synchronize_session=False)
    )
    system = system_actor(community_id)
    for settlement_id in list(db.session.scalars(due)):
        audit.record(system, "settlement.confirm", settlement_id, state=SettlementState.CONFIRMED)
        outbox.announce(system, "settlement.confirmed", settlement_id=settlement_id.hex)


@atomic
def approve(actor: Actor, settlement_id: UUID) -> Settlement:
    """A second person has approved: never who issued it; the street only in the second person's long absence.

    Raises NotFound, Forbidden, WrongState, OwnStep, InvoiceMissing, SecondPersonPresent.
    """
    with _step(actor, settlement_id, "approve", SettlementState.CONFIRMED) as settlement:
        require_another(actor, settlement.issued_by)
        if wants_invoice(settlement):
            raise InvoiceMissing
        assert settlement.confirmed_at is not None, "only a confirmed statement is approved"
        second_person.let_second_person_first(actor, "approve_settlement", waiting_since=settlement.confirmed_at)
        settlement.state = SettlementState.APPROVED
        settlement.approved_at, settlement.approved_by = clock.now(), actor.person_id
    return settlement


def wants_invoice(settlement: Settlement) -> bool:
    """Does the agreement ask for an invoice that this statement has not got? None is needed where nothing is due."""
    terms = terms_with(settlement.community_id, settlement.merchant_id)
    return bool(terms and terms.needs_invoice and settlement.payable_fen and not settlement.invoice_number)


@atomic
def give_invoice(actor: Actor, settlement_id: UUID, *, number: str) -> Settlement:
    """The statement names the shop's invoice (发票), until it is approved. Each invoice stands on one statement.

    Raises NotFound, Forbidden, WrongState, AlreadyExists.
    """
    with _step(actor, settlement_id, "invoice", SettlementState.ISSUED, SettlementState.CONFIRMED) as settlement:
        settlement.invoice_number = number
        try:
            with savepoint():
                db.session.flush()
        except IntegrityError as error:
            raise AlreadyExists from error
    return settlement


@atomic
def pay(actor: Actor, settlement_id: UUID, *, reference: str, paid_on: date) -> Settlement:
    """The money left the bank: payable → bank in fen, and the settled points go out of circulation.

    Done by another person than the approver, outside a batch. A statement of 0 is paid without a transfer; what is
    disputed is not paid. Raises NotFound, Forbidden, WrongState, OwnStep, InPayout, PaidInFuture.
    """
    settlement = load(actor.tenant, Settlement, settlement_id, lock=True)
    require(actor, "pay_settlement", merchant_id=settlement.merchant_id)
    if settlement.state == SettlementState.APPROVED and not actor.is_person(settlement.approved_by):
        refuse_in_payout(settlement)
    return take_payment(actor, settlement_id, reference=reference, paid_on=paid_on)


def refuse_in_payout(settlement: Settlement) -> None:
    """InPayout while a batch that holds the statement waits for the bank."""
    number = live_payout(settlement)
    if number is not None:
        raise InPayout(payout=number)


def live_payout(settlement: Settlement) -> str | None:
    """The number of the batch in which the statement waits for the bank."""
    query = scoped(settlement.community_id, Payout.number, PayoutLine.id).where(
        PayoutLine.payout_id == Payout.id,
        PayoutLine.settlement_id == settlement.id,
        PayoutLine.state == PayoutLineState.WAITING,
    )
    found: str | None = db.session.scalar(query)
    return found


def take_payment(actor: Actor, settlement_id: UUID, *, reference: str, paid_on: date) -> Settlement:
    """What `pay` and the bank's result have in common: the approved statement is paid, in the books too.

    Raises NotFound, Forbidden, WrongState, OwnStep, PaidInFuture.
    """
    with _step(actor, settlement_id, "pay", SettlementState.APPROVED) as settlement:
        require_another(actor, settlement.approved_by)
        if paid_on > clock.today():
            raise PaidInFuture
        _one_payment_at_a_time(settlement)
        post_transfers(actor, _payment(actor, settlement))
        settlement.state = SettlementState.PAID
        settlement.paid_at, settlement.paid_by = clock.now(), actor.person_id
        settlement.paid_on, settlement.reference = paid_on, reference
        tell_owners(actor.tenant, settlement.merchant_id, PAID, number=settlement.number, day=paid_on.isoformat())
    return settlement


def _one_payment_at_a_time(settlement: Settlement) -> None:
    """Two payments of a shop follow one another, for each counts what was paid before: its takings' row is the lock.

    Key share, because every redemption refers to this row and must not wait for a payment.
    """
    takings = takings_of(settlement.merchant_id).id_in(settlement.community_id)
    row = scoped(settlement.community_id, Account.id).where(Account.id == takings)
    db.session.execute(row.with_for_update(key_share=True))


def _payment(actor: Actor, settlement: Settlement) -> list[Draft]:
    assert settlement.digest is not None, "only an issued statement is paid"
    source = Source("settlement", settlement.id, settlement.digest)
    shop = settlement.merchant_id
    legs = [
        (Code.PAY, payable_to(shop), bank_of(actor.tenant), settlement.to_pay_fen),
        (Code.SETTLE, takings_of(shop), issuance_of(actor.tenant), _points_to_settle(settlement)),
    ]
    return [
        Draft(code=code, debit=debit, credit=credit, amount=amount, source=source)
        for code, debit, credit, amount in legs
        if amount > 0
    ]


def _points_to_settle(settlement: Settlement) -> int:
    """What is due of all paid statements, this one included, less those settled: what once were too few are made up."""
    due = points_due(within(settlement.community_id, Settlement), Settlement.merchant_id == settlement.merchant_id)
    paid = or_(due.c.state.in_(PAID_STATES), due.c.id == settlement.id)
    points = db.session.scalar(select(func.coalesce(func.sum(due.c.points), 0)).where(paid)) or 0
    settled = scoped(settlement.community_id, Transfer).where(
        Transfer.code == Code.SETTLE,
        Transfer.debit_account_id == takings_of(settlement.merchant_id).id_in(settlement.community_id),
    )
    gone = db.session.scalar(settled.with_only_columns(func.coalesce(func.sum(Transfer.amount), 0))) or 0
    return int(points) - int(gone)


@atomic
def reconcile(actor: Actor, settlement_id: UUID) -> Settlement:
    """The bank's record shows the payment; said by another person than who paid.

    Raises NotFound, Forbidden, WrongState, OwnStep.
    """
    with _step(actor, settlement_id, "reconcile", SettlementState.PAID) as settlement:
        require_another(actor, settlement.paid_by)
        settlement.state = SettlementState.RECONCILED
        settlement.reconciled_at, settlement.reconciled_by = clock.now(), actor.person_id
    return settlement


BEFORE_PAID = (SettlementState.DRAFT, SettlementState.ISSUED, SettlementState.CONFIRMED, SettlementState.APPROVED)


@atomic
def void(actor: Actor, settlement_id: UUID, *, reason: str) -> Settlement:
    """The statement counts no more; returns the draft that replaces it, with the same lines and a number to come.

    Done by another person than the one of the step before. Open disputes end with it: what they were about stands in
    the replacement. Raises NotFound, Forbidden, WrongState (paid), OwnStep, InPayout, DisputeDecided.
    """
    with _step(actor, settlement_id, "void", *BEFORE_PAID) as settlement:
        require_another(actor, settlement.approved_by or settlement.confirmed_by or settlement.issued_by)
        refuse_in_payout(settlement)
        _end_disputes(settlement)
        old = statement_lines.lines_of(actor.tenant, settlement.id)
        freed = update(SettlementLine).where(
            within(actor.tenant, SettlementLine), SettlementLine.settlement_id == settlement.id
        )
        db.session.execute(freed.values(live=False).execution_options(synchronize_session=False))
        settlement.state, settlement.void_reason = SettlementState.VOID, reason
        settlement.voided_at, settlement.voided_by = clock.now(), actor.person_id
        db.session.flush()
        return draft_statement(
            actor,
            settlement.merchant_id,
            settlement.week,
            [statement_lines.copy_of(line) for line in old if line.type != LineType.CARRY_OVER],
            opening=_opening_of(settlement, old),
            replaces=settlement,
        )


def _opening_of(settlement: Settlement, lines: Iterable[SettlementLine]) -> Opening | None:
    """The same opening again. Statements of before carry-overs had a line have only the figure."""
    if not settlement.opening_fen:
        return None
    carried = next((line.receipt_number for line in lines if line.type == LineType.CARRY_OVER), "")
    return Opening(settlement.opening_fen, carried)


def _end_disputes(settlement: Settlement) -> None:
    mine = scoped(settlement.community_id, Dispute).where(Dispute.settlement_id == settlement.id)
    disputes = list(db.session.scalars(mine.order_by(Dispute.id).with_for_update()))
    if any(one.decided_at is not None for one in disputes):
        raise DisputeDecided
    for one in disputes:
        one.state = DisputeState.VOID
