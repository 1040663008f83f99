"""Bank accounts that no single person changes, and batches whose every line the bank answers for itself."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from ledger.book.accounts import bank_of, payable_to
from ledger.book.balances import account_balance
from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.second_person import OwnStep
from ledger.people import inbox
from ledger.settlement import bank_accounts, payout_files, payout_reading, payouts, settlements
from ledger.settlement.dispute_models import Favour
from ledger.settlement.errors import BankAccountMissing, InPayout, NothingToPay, ResultUnreadable
from ledger.settlement.models import Settlement, SettlementState
from ledger.settlement.payout_models import BankAccount, Payout
from ledger.settlement.payouts import BankResult
from tests.ledger.rewards.street import at_once
from tests.ledger.settlement.office import NEXT_WEEK, Office
from tests.ledger.settlement.test_disputes import decide, dispute
from tests.stories import Neighbour, open_neighbourhood

S = SettlementState
NUMBER = "6222021234567890123"


def ask(office: Office, who: Neighbour, number: str = NUMBER) -> BankAccount:
    return bank_accounts.ask_account(
        who.actor, office.street.bakery.id, bank="宁夏银行胜利街支行", holder="麦香面包店", number=number
    )


def usable(office: Office, number: str = NUMBER) -> BankAccount:
    """An account that the owner asked for and the treasurer approved two weeks ago."""
    now = clock.now()
    clock.move_to(now - timedelta(days=14))
    account = bank_accounts.approve_account(office.treasurer.actor, ask(office, office.street.owner, number).id)
    clock.move_to(now)
    return account


@dataclass
class Batch:
    """A batch of one approved statement of two yuan, made by the admin."""

    office: Office
    settlement: Settlement
    payout: Payout

    def answer(self, **said: object) -> payouts.ResultTaken:
        view = payout_reading.see_payout(self.office.admin.actor, self.payout.id)
        line = view.lines[0].line
        result = BankResult(2, line.number, line.amount_fen, True, reference="ICBC-1")._replace(**said)
        return payouts.take_results(self.office.admin.actor, self.payout.id, [result])[0]


@pytest.fixture
def batch(office: Office) -> Batch:
    usable(office)
    settlement = office.bring_to(S.APPROVED)
    return Batch(office, settlement, payouts.create_payout(office.admin.actor, [settlement.id]))


def balances(office: Office) -> tuple[int, int]:
    keys = (payable_to(office.street.bakery.id), bank_of(office.id))
    payable, bank = (atomic(account_balance)(office.id, key) for key in keys)
    return payable, bank


# --- bank accounts ----------------------------------------------------------------------------------------------


def test_f10_a_swapped_bank_account_is_stopped(office: Office) -> None:
    """An admin alone cannot lead a shop's money elsewhere: a second person, three working days, the owner's stop."""
    mine = usable(office)
    shop, admin, owner = office.street.bakery.id, office.admin, office.street.owner
    swapped = ask(office, admin, "6217000000000000666")
    with pytest.raises(OwnStep):
        bank_accounts.approve_account(admin.actor, swapped.id)
    with pytest.raises(Forbidden):
        bank_accounts.approve_account(owner.actor, swapped.id)
    swapped = bank_accounts.approve_account(office.treasurer.actor, swapped.id)
    assert swapped.usable_from == clock.start_of_day(date(2026, 11, 26))
    told = [one.notice.kind for one in inbox.list_notices(owner.actor)][:2]
    assert told == ["settlement.account_approved", "settlement.account_asked"]
    settlement = office.bring_to(S.APPROVED)
    assert atomic(bank_accounts.used_accounts)(office.id, [shop])[shop].id == mine.id
    bank_accounts.stop_account(owner.actor, swapped.id)
    clock.advance(days=30)
    assert atomic(bank_accounts.used_accounts)(office.id, [shop])[shop].id == mine.id
    payout = payouts.create_payout(admin.actor, [settlement.id])
    content = payout_files.make_bank_file(admin.actor, payout.id).content.decode("utf-8-sig")
    assert "6222 0212" in content
    assert "6217" not in content
    acts = atomic(lambda: db.session.scalars(select(AuditLine.action).where(AuditLine.thing_id == swapped.id)).all())()
    assert {"settlement.ask_account", "settlement.approve_account", "settlement.stop_account"} <= set(acts)


def test_the_old_account_is_used_until_the_cooling_period_is_over(office: Office) -> None:
    old = usable(office)
    shop = office.street.bakery.id
    new = bank_accounts.approve_account(office.treasurer.actor, ask(office, office.admin, "9558800000001234").id)
    assert new.usable_from is not None
    clock.move_to(new.usable_from)
    clock.advance(seconds=-1)
    assert atomic(bank_accounts.used_accounts)(office.id, [shop])[shop].id == old.id
    clock.advance(seconds=1)
    assert atomic(bank_accounts.used_accounts)(office.id, [shop])[shop].id == new.id
    with pytest.raises(WrongState):
        bank_accounts.stop_account(office.street.owner.actor, new.id)


def test_an_account_is_stored_encrypted_and_shown_by_its_last_four(office: Office) -> None:
    account = usable(office)
    assert NUMBER.encode() not in account.number_sealed
    [view] = bank_accounts.list_accounts(office.street.owner.actor, office.street.bakery.id)
    assert (view.holder, view.account.last_four, view.is_used) == ("麦香面包店", "0123", True)
    for somebody in (office.street.clerk, office.street.volunteer(0), office.street.place.stamper):
        with pytest.raises(Forbidden):
            bank_accounts.list_accounts(somebody.actor, office.street.bakery.id)


def test_one_change_waits_at_a_time_and_strangers_find_none(office: Office) -> None:
    waiting = ask(office, office.street.owner)
    with pytest.raises(AlreadyExists):
        ask(office, office.admin)
    assert bank_accounts.count_waiting_for(office.treasurer.actor) == 1
    elsewhere = open_neighbourhood("北塔社区")
    for verb in (bank_accounts.approve_account, bank_accounts.stop_account):
        with pytest.raises(NotFound):
            verb(elsewhere.treasurer.actor, waiting.id)
    with pytest.raises(Forbidden):
        bank_accounts.stop_account(office.street.clerk.actor, waiting.id)
    bank_accounts.stop_account(office.street.owner.actor, waiting.id)
    with pytest.raises(WrongState):
        bank_accounts.approve_account(office.treasurer.actor, waiting.id)
    ask(office, office.street.owner)


# --- batches ----------------------------------------------------------------------------------------------------


def test_what_cannot_stand_in_a_batch(office: Office) -> None:
    settlement = office.bring_to(S.CONFIRMED)
    admin = office.admin.actor
    with pytest.raises(WrongState):
        payouts.create_payout(admin, [settlement.id])
    office.approve(settlement)
    with pytest.raises(OwnStep):
        payouts.create_payout(office.treasurer.actor, [settlement.id])
    with pytest.raises(BankAccountMissing):
        payouts.create_payout(admin, [settlement.id])
    with pytest.raises(Forbidden):
        payouts.create_payout(office.street.owner.actor, [settlement.id])
    with pytest.raises(NotFound):
        payouts.create_payout(open_neighbourhood("北塔社区").admin.actor, [settlement.id])
    assert [one.hindrance for one in payout_reading.list_payable(admin)] == ["bank_account_missing"]
    usable(office)
    office.refund(office.buy())
    nothing = office.bring_to(S.APPROVED, office.one(NEXT_WEEK))
    with pytest.raises(NothingToPay):
        payouts.create_payout(admin, [settlement.id, nothing.id])
    assert payout_reading.list_payouts(admin) == []


def test_the_banks_file_is_the_same_bytes_with_count_sum_and_whole_numbers(batch: Batch) -> None:
    admin = batch.office.admin.actor
    file = payout_files.make_bank_file(admin, batch.payout.id)
    assert file.name == f"{batch.payout.number}.csv"
    assert file.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert rows[1][:6] == [
        f"{batch.payout.number}-001", "麦香面包店", "6222 0212 3456 7890 123", "宁夏银行胜利街支行", "2",
        f"结算 {batch.settlement.number}",
    ]  # fmt: skip
    assert [row[:2] for row in rows[2:4]] == [["笔数 count", "1"], ["合计(元) sum", "2"]]
    batch.answer()
    usable(batch.office, "9558800000001234")
    assert payout_files.make_bank_file(admin, batch.payout.id).content == file.content
    for somebody in (batch.office.street.owner, batch.office.street.place.supervisor):
        with pytest.raises(Forbidden):
            payout_files.make_bank_file(somebody.actor, batch.payout.id)


def test_a_paid_line_is_in_the_books_once(batch: Batch) -> None:
    office = batch.office
    payable, bank = balances(office)
    assert batch.answer().status == "paid"
    assert balances(office) == (payable - 200, bank + 200)
    assert batch.answer().status == "paid"
    assert batch.answer(is_paid=False).code == "wrong_state"
    paid = office.read(batch.settlement)
    assert (paid.state, paid.reference, balances(office)) == (S.PAID, "ICBC-1", (payable - 200, bank + 200))
    office.reconcile(paid)


def test_a_failed_line_is_an_approved_statement_for_another_batch(batch: Batch) -> None:
    office, admin = batch.office, batch.office.admin.actor
    with pytest.raises(InPayout):
        office.pay(batch.settlement)
    with pytest.raises(InPayout):
        office.void(batch.settlement)
    with pytest.raises(InPayout):
        payouts.create_payout(admin, [batch.settlement.id])
    before = balances(office)
    assert batch.answer(is_paid=False, reason="户名不符").status == "failed"
    assert (office.read(batch.settlement).state, balances(office)) == (S.APPROVED, before)
    again = Batch(office, batch.settlement, payouts.create_payout(admin, [batch.settlement.id]))
    assert again.payout.number == batch.payout.number[:-3] + "002"
    assert again.answer().status == "paid"
    assert batch.answer().code == "wrong_state"
    assert [view.status for view in payout_reading.list_payouts(office.street.owner.actor)] == ["answered"] * 2


def test_each_line_is_checked_by_id_and_amount_and_refused_with_its_row(office: Office) -> None:
    usable(office)
    first = office.bring_to(S.APPROVED)
    office.buy()
    second = office.bring_to(S.APPROVED, office.one(NEXT_WEEK))
    payout = payouts.create_payout(office.admin.actor, [first.id, second.id])
    file = payout_files.make_bank_file(office.admin.actor, payout.id).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file, newline="")))
    for row in rows[1:3]:
        row[6:9] = ["成功", "ICBC-7", "2026-11-24"]
    rows[1][4] = "2.01"
    rows.insert(3, [f"{payout.number}-003", "", "", "", "2", "", "成功"])
    rows.insert(4, [rows[2][0], "", "", "", "二元", "", "成功"])
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    taken = payout_files.take_file(office.admin.actor, payout.id, sheet.getvalue().encode("gb18030"))
    assert [(one.row, one.status, one.code) for one in taken] == [
        (2, "refused", "amount_changed"),
        (3, "paid", None),
        (4, "refused", "payout_line_unknown"),
        (5, "refused", "result_unreadable"),
    ]
    assert (office.read(first).state, office.read(second).state) == (S.APPROVED, S.PAID)
    with pytest.raises(ResultUnreadable):
        payout_files.take_file(office.admin.actor, payout.id, "随便\n一行".encode())


def test_who_approved_neither_sends_nor_takes_the_banks_answer(batch: Batch) -> None:
    line = payout_reading.see_payout(batch.office.admin.actor, batch.payout.id).lines[0].line
    result = BankResult(1, line.id.hex, line.amount_fen, True)
    [taken] = payouts.take_results(batch.office.treasurer.actor, batch.payout.id, [result])
    assert taken.code == "own_step"
    [late] = payouts.take_results(
        batch.office.admin.actor, batch.payout.id, [result._replace(paid_on=clock.today().replace(year=2030))]
    )
    assert late.code == "paid_in_future"
    with pytest.raises(Forbidden):
        payouts.take_results(batch.office.street.owner.actor, batch.payout.id, [result])


def test_a_batch_pays_what_is_not_disputed(office: Office) -> None:
    usable(office)
    office.buy()
    clock.advance(minutes=1)
    office.buy(30)
    settlement = office.bring_to(S.ISSUED, office.one())
    row = dispute(office, settlement)
    settlement = office.bring_to(S.APPROVED, settlement)
    payout = payouts.create_payout(office.admin.actor, [settlement.id])
    assert payout.total_fen == 300
    [owed] = payout_reading.list_owed(office.treasurer.actor)
    assert (owed.by_age, owed.held_fen) == ([300, 0, 0, 0], 200)
    assert Batch(office, settlement, payout).answer().status == "paid"
    decide(office, row, Favour.SHOP)
    assert office.one(NEXT_WEEK).payable_fen == 200


def test_of_two_batches_at_once_one_holds_the_statement(office: Office, app: Flask) -> None:
    usable(office)
    settlement, admin = office.bring_to(S.APPROVED), office.admin.actor
    results = at_once(app, [lambda: payouts.create_payout(admin, [settlement.id]).line_count] * 4)
    assert sorted(map(str, results)) == ["1"] + ["in_payout"] * 3


@pytest.mark.breaks_books
def test_a_line_of_another_amount_is_found(batch: Batch) -> None:
    batch.answer()
    assert run_checks() == []
    atomic(lambda: db.session.execute(text("UPDATE payout_lines SET amount_fen = 199")))()
    assert {finding.check for finding in run_checks()} == {"payouts_match"}


def test_only_an_approved_statement_outside_a_batch_is_paid_by_hand(office: Office) -> None:
    usable(office)
    settlement = office.bring_to(S.APPROVED)
    batch = Batch(office, settlement, payouts.create_payout(office.admin.actor, [settlement.id]))
    with pytest.raises(OwnStep):
        settlements.pay(office.treasurer.actor, settlement.id, reference="x", paid_on=clock.today())
    batch.answer(is_paid=False)
    assert office.pay(settlement).state == S.PAID
