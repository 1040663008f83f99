"""Every edge of every state machine of this room: what may be done from each state, and the code of what may not.

Each verb is tried from each state and undone; so one life that passes through all states is enough for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.errors import Refused
from ledger.settlement import bank_accounts, disputes, payout_reading, payouts, settlements
from ledger.settlement.dispute_models import Dispute, DisputeState, Favour
from ledger.settlement.disputes import Claim
from ledger.settlement.models import Settlement, SettlementState
from ledger.settlement.payout_models import BankAccount, Payout, PayoutLineState
from ledger.settlement.payouts import BankResult
from tests.ledger.settlement.office import Office
from tests.ledger.settlement.test_disputes import decide, dispute
from tests.ledger.settlement.test_payouts import ask, usable

S, D, L = SettlementState, DisputeState, PayoutLineState

Verbs = dict[str, Callable[[], Any]]
DONE = "done"


class Undone(Exception):
    """The try is over; nothing of it stays."""


def outcomes(verbs: Verbs) -> dict[str, str]:
    """What each verb says from here: done, or its code. Nothing stays."""
    return {name: _try(verb) for name, verb in verbs.items()}


def _try(verb: Callable[[], Any]) -> str:
    @atomic
    def tried() -> None:
        verb()
        raise Undone

    try:
        tried()
    except Undone:
        return DONE
    except Refused as refused:
        return refused.code
    raise AssertionError("neither undone nor refused")


def expected(names: Iterable[str], allowed: set[str], **codes: str) -> dict[str, str]:
    """All of these verbs: done where allowed, else refused by their code, which is wrong_state unless said."""
    return {name: DONE if name in allowed else codes.get(name, "wrong_state") for name in names}


# --- statements -------------------------------------------------------------------------------------------------

STATEMENT: dict[SettlementState, set[str]] = {
    S.DRAFT: {"issue", "void"},
    S.ISSUED: {"confirm", "give_invoice", "dispute", "void"},
    S.CONFIRMED: {"approve", "give_invoice", "void"},
    S.APPROVED: {"pay", "send", "void"},
    S.PAID: {"reconcile", "claw_back"},
    S.RECONCILED: {"claw_back"},
    S.VOID: set(),
}


def of_statement(office: Office, settlement: Settlement) -> Verbs:
    owner, admin, second = office.street.owner.actor, office.admin.actor, office.street.place.second_treasurer.actor
    line = office.lines(settlement)[0]
    return {
        "issue": lambda: office.issue(settlement),
        "confirm": lambda: office.confirm(settlement),
        "give_invoice": lambda: settlements.give_invoice(owner, settlement.id, number="26112000"),
        "dispute": lambda: disputes.raise_disputes(owner, settlement.id, [Claim(line.id, "不对")]),
        "approve": lambda: office.approve(settlement),
        "send": lambda: payouts.create_payout(admin, [settlement.id]),
        "pay": lambda: office.pay(settlement),
        "reconcile": lambda: office.reconcile(settlement),
        "void": lambda: settlements.void(second, settlement.id, reason="金额有误"),
        "claw_back": lambda: disputes.claw_back(office.treasurer.actor, line.id, reason="未到店"),
    }


def test_from_each_state_of_a_statement_only_its_own_steps_lead_on(office: Office) -> None:
    usable(office)
    office.buy()
    first = office.one()
    verbs = of_statement(office, first)
    for state in (S.DRAFT, S.ISSUED, S.CONFIRMED, S.APPROVED):
        first = office.bring_to(state, first)
        assert outcomes(verbs) == expected(verbs, STATEMENT[state], claw_back="not_clawed_back")
    replacement = office.void(first)
    assert office.read(first).state == S.VOID
    assert outcomes(verbs) == expected(verbs, STATEMENT[S.VOID], claw_back="not_clawed_back")
    for state in (S.PAID, S.RECONCILED):
        replacement = office.bring_to(state, replacement)
        verbs = of_statement(office, replacement)
        assert outcomes(verbs) == expected(verbs, STATEMENT[state])


def test_what_waits_in_a_batch_is_neither_paid_by_hand_nor_void_nor_sent_again(office: Office) -> None:
    usable(office)
    settlement = office.bring_to(S.APPROVED)
    payouts.create_payout(office.admin.actor, [settlement.id])
    verbs = of_statement(office, settlement)
    held = dict.fromkeys(("pay", "void", "send"), "in_payout")
    assert outcomes(verbs) == expected(verbs, set(), claw_back="not_clawed_back", **held)


# --- disputes of a line -----------------------------------------------------------------------------------------


def of_dispute(office: Office, row: Dispute) -> Verbs:
    second = office.street.place.second_treasurer.actor
    return {
        "answer": lambda: disputes.answer_dispute(office.admin.actor, row.id, answer="收据没错"),
        "decide": lambda: disputes.decide_dispute(second, row.id, favour=Favour.SHOP, reason="核对过"),
        "appeal": lambda: disputes.appeal(office.street.owner.actor, row.id, reason="有监控"),
    }


def test_from_each_state_of_a_dispute_only_its_own_steps_lead_on(office: Office) -> None:
    for _ in range(3):
        office.buy()
        clock.advance(minutes=1)
    settlement = office.bring_to(S.ISSUED, office.one())
    lost, won = dispute(office, settlement), dispute(office, settlement, n=1)
    verbs = of_dispute(office, lost)
    assert outcomes(verbs) == expected(verbs, {"answer", "decide"})
    disputes.answer_dispute(office.admin.actor, lost.id, answer="收据没错")
    assert outcomes(verbs) == expected(verbs, {"decide"})
    decide(office, lost, Favour.COMMUNITY)
    assert outcomes(verbs) == expected(verbs, {"appeal"})
    disputes.appeal(office.street.owner.actor, lost.id, reason="有监控")
    assert outcomes(verbs) == expected(verbs, {"decide"})
    verbs["decide"]()
    assert outcomes(verbs) == expected(verbs, set(), appeal="not_appealable")
    decide(office, won, Favour.SHOP)
    verbs = of_dispute(office, won)
    assert outcomes(verbs) == expected(verbs, set(), appeal="not_appealable")


def test_from_a_void_dispute_nothing_leads_on(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    row = dispute(office, settlement)
    office.void(settlement)
    verbs = of_dispute(office, row)
    assert outcomes(verbs) == expected(verbs, set())


# --- lines of a batch -------------------------------------------------------------------------------------------


def of_line(office: Office, payout: Payout) -> Callable[[bool], str]:
    admin = office.admin.actor
    line = payout_reading.see_payout(admin, payout.id).lines[0].line

    def answer(is_paid: bool) -> str:
        [taken] = payouts.take_results(admin, payout.id, [BankResult(1, line.number, line.amount_fen, is_paid)])
        return taken.code or taken.status

    return answer


def test_from_each_state_of_a_batchs_line_only_the_banks_first_word_leads_on(office: Office) -> None:
    """What failed is never paid in the same batch, what was paid never fails; said again, a line stays as it is."""
    usable(office)
    settlement = office.bring_to(S.APPROVED)
    for said, other in ((L.FAILED, L.PAID), (L.PAID, L.FAILED)):
        answer = of_line(office, payouts.create_payout(office.admin.actor, [settlement.id]))
        assert [answer(word == L.PAID) for word in (said, said, other)] == [said, said, "wrong_state"]


# --- bank accounts ----------------------------------------------------------------------------------------------


def of_account(office: Office, account: BankAccount) -> Verbs:
    return {
        "approve": lambda: bank_accounts.approve_account(office.treasurer.actor, account.id),
        "stop": lambda: bank_accounts.stop_account(office.street.owner.actor, account.id),
    }


def test_from_each_state_of_a_bank_account_only_its_own_steps_lead_on(office: Office) -> None:
    account = ask(office, office.street.owner)
    verbs = of_account(office, account)
    assert outcomes(verbs) == expected(verbs, {"approve", "stop"})
    usable_from = bank_accounts.approve_account(office.treasurer.actor, account.id).usable_from
    assert usable_from is not None
    clock.move_to(usable_from - timedelta(seconds=1))
    assert outcomes(verbs) == expected(verbs, {"stop"})
    clock.move_to(usable_from)
    assert outcomes(verbs) == expected(verbs, set())
    stopped = of_account(office, ask(office, office.street.owner))
    stopped["stop"]()
    assert outcomes(stopped) == expected(stopped, set())
