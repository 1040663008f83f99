"""Batches that an actor may see, what is owed by age, and what a shop has received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import exists
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, reach, reaches_all, require_any
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.rewards.models import Merchant
from ledger.settlement.bank_accounts import used_accounts
from ledger.settlement.models import Settlement, SettlementState
from ledger.settlement.payout_models import BankAccount, Payout, PayoutLine, PayoutLineState
from ledger.settlement.payouts import PAY

SEE = "see_settlements"


class LineView(NamedTuple):
    """A line of a batch with its statement, shop and the end of the account's number."""

    line: PayoutLine
    statement_number: str
    merchant_name: str
    bank: str
    last_four: str


class PayoutView(NamedTuple):
    """A batch with the lines that the actor may see; `status` is waiting until the bank has said all, then answered."""

    payout: Payout
    lines: list[LineView]

    @property
    def status(self) -> str:
        waits = any(view.line.state == PayoutLineState.WAITING for view in self.lines)
        return "waiting" if waits else "answered"

    @property
    def total_fen(self) -> int:
        return sum(view.line.amount_fen for view in self.lines)

    def count(self, state: str) -> int:
        return sum(view.line.state == state for view in self.lines)


def list_payouts(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[PayoutView]:
    """The batches, newest first; a shop's owner sees those that pay it, with its own lines alone. Raises Forbidden."""
    mine = exists().where(within(actor.tenant, PayoutLine), PayoutLine.payout_id == Payout.id, _visible(actor))
    query = scoped(actor.tenant, Payout).where(mine)
    if after is not None:
        query = query.where(Payout.id < after)
    payouts = list(db.session.scalars(query.order_by(Payout.id.desc()).limit(limit)))
    lines = _lines(actor, [one.id for one in payouts])
    return [PayoutView(payout, lines[payout.id]) for payout in payouts]


def see_payout(actor: Actor, payout_id: UUID) -> PayoutView:
    """One batch: NotFound, Forbidden (none of its lines is the actor's to see)."""
    payout = load(actor.tenant, Payout, payout_id)
    lines = _lines(actor, [payout.id])[payout.id]
    if not lines:
        raise Forbidden
    return PayoutView(payout, lines)


def _visible(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, SEE)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return PayoutLine.id.is_not(None)
    return PayoutLine.merchant_id.in_([one.merchant_id for one in actor.counters if one.role in scopes])


def _lines(actor: Actor, payout_ids: Iterable[UUID]) -> dict[UUID, list[LineView]]:
    query = (
        scoped(actor.tenant, PayoutLine, Settlement.number, BankAccount.bank, BankAccount.last_four)
        .add_columns(Merchant.name)
        .where(PayoutLine.payout_id.in_(list(payout_ids)), _visible(actor))
        .where(Settlement.id == PayoutLine.settlement_id, BankAccount.id == PayoutLine.account_id)
        .where(Merchant.id == PayoutLine.merchant_id)
        .order_by(PayoutLine.position)
    )
    found: dict[UUID, list[LineView]] = defaultdict(list)
    for line, number, bank, last_four, merchant in db.session.execute(query):
        found[line.payout_id].append(LineView(line, number or "", merchant, bank, last_four))
    return found


# --- what waits to be paid --------------------------------------------------------------------------------------


class Payable(NamedTuple):
    """An approved statement that could stand in a batch; `hindrance` is why it cannot, as a word, or empty."""

    settlement: Settlement
    merchant_name: str
    account: BankAccount | None
    hindrance: str


def list_payable(actor: Actor) -> list[Payable]:
    """The approved statements that no batch holds, oldest first, with what stands in the way. Raises Forbidden."""
    require_any(actor, PAY)
    held = exists().where(
        within(actor.tenant, PayoutLine),
        PayoutLine.settlement_id == Settlement.id,
        PayoutLine.state == PayoutLineState.WAITING,
    )
    query = (
        scoped(actor.tenant, Settlement)
        .add_columns(Merchant.name)
        .where(Merchant.id == Settlement.merchant_id, Settlement.state == SettlementState.APPROVED, ~held)
    )
    rows = list(db.session.execute(query.order_by(Settlement.id).limit(500)).tuples())
    accounts = used_accounts(actor.tenant, [settlement.merchant_id for settlement, _ in rows])
    return [
        Payable(one, name, accounts.get(one.merchant_id), _hindrance(actor, one, accounts.get(one.merchant_id)))
        for one, name in rows
    ]


def _hindrance(actor: Actor, settlement: Settlement, account: BankAccount | None) -> str:
    if actor.is_person(settlement.approved_by):
        return "own_step"
    if settlement.to_pay_fen <= 0:
        return "nothing_to_pay"
    return "" if account else "bank_account_missing"


AGES = (7, 14, 28)
"""Days: what is owed is told apart by its age at these bounds."""
UNPAID = (SettlementState.DRAFT, SettlementState.ISSUED, SettlementState.CONFIRMED, SettlementState.APPROVED)


class Owed(NamedTuple):
    """What the community owes a shop: by age of the week's end (under 7, 14, 28 days, and older), held, carried."""

    merchant_id: UUID
    merchant_name: str
    by_age: list[int]
    held_fen: int
    carried_fen: int

    @property
    def total_fen(self) -> int:
        return sum(self.by_age)


def list_owed(actor: Actor) -> list[Owed]:
    """The shops with unpaid statements, most owed first: what is due by age, what disputes hold, what carries over.

    Raises Forbidden.
    """
    scopes = reach(actor, SEE)
    if not reaches_all(scopes):
        raise Forbidden
    query = scoped(actor.tenant, Settlement).add_columns(Merchant.name)
    query = query.where(Merchant.id == Settlement.merchant_id, Settlement.state.in_(UNPAID))
    found: dict[UUID, dict[str, Any]] = {}
    for settlement, name in db.session.execute(query.order_by(Settlement.week)):
        row = found.setdefault(settlement.merchant_id, {"name": name, "ages": [0] * (len(AGES) + 1), "held": 0})
        row["ages"][_age(settlement)] += settlement.to_pay_fen
        row["held"] += settlement.held_fen
        row["carried"] = settlement.closing_fen
    owed = [Owed(one, row["name"], row["ages"], row["held"], row["carried"]) for one, row in found.items()]
    return sorted(owed, key=lambda one: (-one.total_fen, one.merchant_name))


def _age(settlement: Settlement) -> int:
    """Which of the ages the statement has; 0 is the youngest."""
    age = clock.now() - settlement.cut_off_at
    return sum(age >= timedelta(days=days) for days in AGES)


def may_pay(actor: Actor) -> bool:
    """May the actor make batches and take the bank's answers?"""
    return may(actor, PAY)
