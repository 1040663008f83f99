"""A statement's life: who may take which step from which state, four eyes, and what each step leaves in the books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text

from ledger.book.accounts import bank_of, issuance_of, payable_to, takings_of
from ledger.book.balances import account_balance
from ledger.book.checking import run_checks
from ledger.core import audit, clock, workdays
from ledger.core.db import atomic, db, is_postgresql
from ledger.core.errors import Forbidden, NotFound
from ledger.core.jobs import tick
from ledger.core.registry import Part
from ledger.core.second_person import OwnStep, SecondPersonPresent
from ledger.core.tenancy import Role, scoped
from ledger.settlement import lines, reading, settlements
from ledger.settlement.checks import settlement_digests_match
from ledger.settlement.errors import PaidInFuture
from ledger.settlement.models import SettlementState
from tests.ledger.book.town import at_once as let_go_together
from tests.ledger.rewards.street import at_once
from tests.ledger.settlement.office import NEXT_WEEK, STEPS, Office
from tests.owning import owner
from tests.stories import open_neighbourhood, street_officer

S = SettlementState


def test_all_the_way_each_step_says_who_and_when(office: Office) -> None:
    settlement = office.bring_to(S.RECONCILED)
    assert (settlement.issued_by, settlement.confirmed_by) == (office.admin.person_id, office.street.owner.person_id)
    assert (settlement.approved_by, settlement.paid_by) == (office.treasurer.person_id, office.admin.person_id)
    assert settlement.reconciled_by == office.treasurer.person_id
    times = [getattr(settlement, f"{state}_at") for _, state in STEPS]
    assert all(moment == clock.now() for moment in times)


def test_every_step_leaves_an_audit_line(office: Office) -> None:
    settlement = office.bring_to(S.RECONCILED)
    done = atomic(lambda: db.session.scalars(scoped(office.id, audit.AuditLine.action)).all())()
    for step, _ in STEPS:
        assert f"settlement.{step}" in done
    assert settlement.reference == "ICBC-20261124-0001"


# Issuing.


def test_issuing_gives_a_number_and_a_digest(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    assert settlement.number is not None
    assert settlement.number.endswith("-JS-2026-W47-001")
    assert settlement.digest == atomic(lines.digest_of)(settlement, office.lines(settlement))


def test_numbers_of_a_week_have_no_gap(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    replacement = office.void(settlement)
    again = office.void(office.bring_to(S.ISSUED, replacement))
    third = office.bring_to(S.ISSUED, again)
    numbers = [statement.number for statement in office.all_statements()]
    assert [number[-3:] for number in numbers if number] == ["001", "002", "003"]
    assert third.number == numbers[-1]


def test_a_frozen_statement_does_not_change_whatever_happens_afterwards(office: Office) -> None:
    redemption = office.buy()
    settlement = office.bring_to(S.ISSUED, office.one())
    before = (settlement.net_fen, settlement.payable_fen, settlement.line_count, settlement.digest)
    office.refund(redemption)
    office.street.change(office.street.loaf, points=30)
    office.close(NEXT_WEEK)
    after = office.read(settlement)
    assert (after.net_fen, after.payable_fen, after.line_count, after.digest) == before
    assert atomic(lines.digest_of)(after, office.lines(after)) == after.digest


def test_the_frozen_totals_equal_a_recomputation_from_the_lines(office: Office) -> None:
    for _ in range(3):
        office.refund(office.buy(30), points=7)
    settlement = office.bring_to(S.ISSUED, office.one())
    rows = office.lines(settlement)
    assert settlement.net_fen == sum(row.net_fen for row in rows) == 3 * (300 - 70)
    assert settlement.points == sum(row.points for row in rows) == 3 * 23
    assert settlement.line_count == len(rows) == 6


# Confirming: the shop, or the clock.


def test_only_the_shops_owner_confirms(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    for somebody in (office.admin, office.treasurer, office.street.clerk):
        with pytest.raises(Forbidden):
            settlements.confirm(somebody.actor, settlement.id)


def test_after_the_agreements_working_days_the_clock_confirms(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    assert settlement.auto_confirm_on == workdays.add_workdays(clock.today(), 3)
    clock.move_to(clock.start_of_day(settlement.auto_confirm_on))
    tick([office.id])
    assert office.read(settlement).state == S.ISSUED
    clock.advance(days=1)
    tick([office.id])
    after = office.read(settlement)
    assert (after.state, after.confirmed_by) == (S.CONFIRMED, None)


def test_a_statement_that_the_clock_confirmed_is_approved_as_any_other(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    clock.advance(days=10)
    tick([office.id])
    office.approve(settlement)
    assert office.read(settlement).state == S.APPROVED


# Four eyes.


def test_the_issuer_does_not_approve(office: Office) -> None:
    office.buy()
    settlement = office.one()
    settlements.issue(office.treasurer.actor, settlement.id)
    office.confirm(settlement)
    with pytest.raises(OwnStep):
        office.approve(settlement)
    settlements.approve(office.street.place.second_treasurer.actor, settlement.id)


def test_the_approver_does_not_pay(office: Office) -> None:
    settlement = office.bring_to(S.APPROVED)
    with pytest.raises(OwnStep):
        settlements.pay(office.treasurer.actor, settlement.id, reference="x", paid_on=clock.today())


def test_who_paid_does_not_reconcile(office: Office) -> None:
    settlement = office.bring_to(S.PAID)
    with pytest.raises(OwnStep):
        settlements.reconcile(office.admin.actor, settlement.id)


def test_an_admin_does_not_approve(office: Office) -> None:
    settlement = office.bring_to(S.CONFIRMED)
    with pytest.raises(Forbidden):
        settlements.approve(office.admin.actor, settlement.id)


def test_the_street_approves_only_after_two_working_days(office: Office) -> None:
    officer = street_officer(office.street.place.community)
    settlement = office.bring_to(S.CONFIRMED)
    with pytest.raises(SecondPersonPresent):
        settlements.approve(officer.actor, settlement.id)
    last_day = workdays.add_workdays(clock.today(), 2)
    clock.move_to(clock.start_of_day(last_day + timedelta(days=1)))
    settlements.approve(officer.actor, settlement.id)
    assert office.read(settlement).approved_by == officer.person_id


# Paying.


def balances(office: Office) -> dict[str, int]:
    shop = office.street.bakery.id
    keys = {
        "payable": payable_to(shop),
        "bank": bank_of(office.id),
        "takings": takings_of(shop),
        "issued": issuance_of(office.id),
    }
    return {name: atomic(account_balance)(office.id, key) for name, key in keys.items()}


def test_paying_moves_the_money_out_and_the_points_home(office: Office) -> None:
    settlement = office.bring_to(S.APPROVED)
    before = balances(office)
    office.pay(settlement)
    after = balances(office)
    assert {name: after[name] - before[name] for name in after} == {
        "payable": -200,
        "bank": 200,
        "takings": -20,
        "issued": 20,
    }
    assert (after["payable"], after["takings"]) == (0, 0)


def test_a_statement_of_nothing_is_paid_without_a_transfer(office: Office) -> None:
    office.refund(office.buy())
    settlement = office.bring_to(S.APPROVED, office.one())
    before = balances(office)
    office.pay(settlement)
    assert (settlement.payable_fen, balances(office)) == (0, before)
    assert office.read(settlement).state == S.PAID


def test_a_negative_week_is_made_up_by_the_next(office: Office) -> None:
    redemption = office.buy(50)
    office.bring_to(S.PAID, office.one())
    office.refund(redemption)
    office.buy()
    office.bring_to(S.PAID, office.one(NEXT_WEEK))
    office.buy(50)
    last = office.bring_to(S.PAID, office.one("2026-W49"))
    assert last.payable_fen == 200
    assert (balances(office)["payable"], balances(office)["takings"]) == (0, 0)


def test_money_was_not_paid_tomorrow(office: Office) -> None:
    settlement = office.bring_to(S.APPROVED)
    tomorrow = clock.today() + timedelta(days=1)
    with pytest.raises(PaidInFuture):
        settlements.pay(office.admin.actor, settlement.id, reference="x", paid_on=tomorrow)


def test_of_eight_payments_at_once_one_pays(office: Office, app: Flask) -> None:
    settlement = office.bring_to(S.APPROVED)
    actor, today = office.admin.actor, clock.today()
    results = at_once(app, [lambda: settlements.pay(actor, settlement.id, reference="x", paid_on=today).state] * 8)
    assert sorted(results) == ["paid"] + ["wrong_state"] * 7
    assert balances(office)["payable"] == 0


def test_two_statements_of_a_shop_paid_at_once_make_up_for_a_week_of_refunds_once(office: Office, app: Flask) -> None:
    """Fifty points were settled and came back; whoever is paid second must know that the first made up for them."""
    bought = office.buy(50)
    office.bring_to(S.PAID, office.one())
    office.refund(bought)
    office.bring_to(S.PAID, office.one(NEXT_WEEK))
    statements = []
    for week, points in (("2026-W49", 80), ("2026-W50", 60)):
        office.buy(points)
        statements.append(office.bring_to(S.APPROVED, office.one(week)))
    assert balances(office)["takings"] == 80 + 60 - 50
    pay = [partial(office.pay, one) for one in statements]
    with nothing_posted_until_all_wait(len(pay)) as let_go:
        paid = let_go_together(app, [*pay, let_go])
    assert [one.state for one in paid[:-1]] == [S.PAID, S.PAID]
    assert balances(office)["takings"] == 0


@contextmanager
def nothing_posted_until_all_wait(count: int) -> Iterator[Callable[[], None]]:
    """PostgreSQL: nobody writes a transfer until so many transactions wait; SQLite lets them in one by one anyhow."""
    if not is_postgresql():
        yield lambda: None
        return
    wait = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

    def all_wait() -> bool:
        with owner().connect() as asking:
            return (asking.scalar(wait) or 0) >= count

    with owner().connect() as keeper:
        keeper.execute(text("LOCK TABLE transfers IN SHARE MODE"))

        def let_go() -> None:
            deadline = time.monotonic() + 20
            while not all_wait() and time.monotonic() < deadline:
                time.sleep(0.02)
            keeper.rollback()

        yield let_go


# Void, and what replaces it.


def test_a_void_statement_is_replaced_by_a_draft_with_the_same_lines(office: Office) -> None:
    settlement = office.bring_to(S.APPROVED)
    replacement = office.void(settlement)
    assert (replacement.state, replacement.replaces_id, replacement.week) == (S.DRAFT, settlement.id, settlement.week)
    assert [line.redemption_id for line in office.lines(replacement)] == [
        line.redemption_id for line in office.lines(settlement)
    ]
    assert [line.live for line in office.lines(settlement)] == [False]
    office.bring_to(S.RECONCILED, replacement)


def test_nobody_voids_what_they_did_last(office: Office) -> None:
    issued = office.bring_to(S.ISSUED)
    with pytest.raises(OwnStep):
        settlements.void(office.admin.actor, issued.id, reason="金额有误")
    approved = office.bring_to(S.APPROVED, issued)
    with pytest.raises(OwnStep):
        settlements.void(office.treasurer.actor, approved.id, reason="金额有误")
    assert settlements.void(office.admin.actor, approved.id, reason="金额有误").state == S.DRAFT


def test_a_void_statement_keeps_its_number_figures_and_reason(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    office.void(settlement)
    void = office.read(settlement)
    assert (void.number, void.payable_fen, void.void_reason) == (settlement.number, 200, "金额有误")


def test_after_a_void_the_next_close_takes_nothing_twice(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    office.void(settlement)
    assert office.close() == []
    assert office.close(NEXT_WEEK) == []


# Who sees what.


def test_a_stranger_finds_no_statement(office: Office) -> None:
    settlement = office.bring_to(S.ISSUED)
    elsewhere = open_neighbourhood("北塔社区")
    steps: list[Callable[[], object]] = [
        lambda: settlements.issue(elsewhere.admin.actor, settlement.id),
        lambda: settlements.approve(elsewhere.treasurer.actor, settlement.id),
        lambda: reading.see_settlement(elsewhere.admin.actor, settlement.id),
    ]
    for step in steps:
        with pytest.raises(NotFound):
            step()


def test_an_owner_sees_the_own_shop_and_no_other(office: Office) -> None:
    from ledger.rewards import merchants
    from tests.ledger.rewards.street import add_person
    from tests.stories import neighbour

    settlement = office.bring_to(S.ISSUED)
    rival = merchants.create_merchant(office.admin.actor, "对门面包", trade="面包")
    person_id = add_person()
    merchants.appoint_owner(office.admin.actor, rival.id, person_id=person_id, name="钱老板")
    other = neighbour(office.id, "钱老板", person_id, None)
    assert [row.id for row, _ in reading.list_settlements(office.street.owner.actor)] == [settlement.id]
    assert reading.list_settlements(other.actor) == []
    with pytest.raises(Forbidden):
        reading.see_settlement(other.actor, settlement.id)


def test_a_volunteer_and_a_clerk_see_no_statements(office: Office) -> None:
    office.bring_to(S.ISSUED)
    for somebody in (office.street.volunteer(0), office.street.clerk, office.street.place.stamper):
        with pytest.raises(Forbidden):
            reading.list_settlements(somebody.actor)


def test_roles_without_the_right_take_no_step(office: Office) -> None:
    settlement = office.bring_to(S.DRAFT)
    for role in (Role.SUPERVISOR, Role.COORDINATOR, Role.STAMPER):
        actor = office.street.place.staff(role).actor
        for step in (settlements.issue, settlements.confirm, settlements.approve, settlements.reconcile):
            with pytest.raises(Forbidden):
                step(actor, settlement.id)
        with pytest.raises(Forbidden):
            settlements.void(actor, settlement.id, reason="x")


def test_statements_are_listed_newest_first_by_state_and_week(office: Office) -> None:
    first = office.bring_to(S.ISSUED)
    office.buy()
    second = office.one(NEXT_WEEK)
    actor = office.admin.actor
    assert [row.id for row, _ in reading.list_settlements(actor)] == [second.id, first.id]
    assert [row.id for row, _ in reading.list_settlements(actor, status=S.ISSUED)] == [first.id]
    assert [row.id for row, _ in reading.list_settlements(actor, week=NEXT_WEEK)] == [second.id]
    assert [row.id for row, _ in reading.list_settlements(actor, after=second.id, limit=1)] == [first.id]


# The checks.

FAULTS = {
    "settlement_totals": "UPDATE settlements SET net_fen = net_fen + 1, payable_fen = payable_fen + 1",
    "settlement_lines_match": "UPDATE settlement_lines SET gross_fen = gross_fen + 1, net_fen = net_fen + 1",
    "settlement_digests_match": "UPDATE settlement_lines SET receipt_number = 'NH-2222-2222-2'",
    "settlement_openings_match": "UPDATE settlements SET opening_fen = -1, net_fen = net_fen + 1",
    "payments_match": "UPDATE settlements SET state = 'confirmed'",
    "points_settled": "UPDATE settlements SET points = points + 1",
}


@pytest.mark.breaks_books
@pytest.mark.parametrize("name", FAULTS)
def test_each_check_finds_its_planted_fault(office: Office, name: str) -> None:
    office.bring_to(S.PAID)
    assert run_checks() == []
    atomic(lambda: db.session.execute(text(FAULTS[name])))()
    assert name in {finding.check for finding in run_checks()}


ALTERED = (
    "position = position + 7", "points = 21", "net_fen = 201, gross_fen = 201", "rate = '98/10'", "offer_name = '蛋糕'",
    "branch_name = '西门店'", "agreement_version = 9", "operator_id = NULL", "redemption_id = NULL",
    "receipt_number = 'x'", "type = 'decision'", "happened_at = '2026-11-19 00:00:00+00:00'",
)  # fmt: skip


def test_a_line_that_is_altered_after_issue_is_found_whatever_was_altered(office: Office) -> None:
    """And a statement of the first rules keeps the digest that it was issued with."""
    settlement = office.bring_to(S.ISSUED)
    for change in ALTERED:
        with pytest.raises(Found):
            alter(f"UPDATE settlement_lines SET {change}")
    line = office.lines(settlement)[0]
    assert isinstance(settlement.digest, bytes)
    settlement.rules = 1
    assert lines.digest_of(settlement, [line]) != settlement.digest


class Found(Exception):
    """The check has found it; nothing of it stays."""


@atomic
def alter(statement: str) -> None:
    db.session.execute(text(statement))
    db.session.expire_all()
    if list(settlement_digests_match(Part(since=None))):
        raise Found


@pytest.mark.breaks_books
def test_a_payment_that_is_not_in_the_books_is_found(office: Office) -> None:
    office.bring_to(S.APPROVED)
    atomic(lambda: db.session.execute(text("UPDATE settlements SET state = 'paid'")))()
    assert {finding.check for finding in run_checks()} == {"payments_match", "points_settled"}
