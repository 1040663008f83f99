"""Disputes by line: what is held, what a decision gives back, and that no closed week is edited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from ledger.book.accounts import fund_of, payable_to
from ledger.book.balances import account_balance
from ledger.book.checking import run_checks
from ledger.core import clock, workdays
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.files import File
from ledger.core.jobs import tick
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep, SecondPersonPresent, count_stand_ins, street_may_since
from ledger.core.tenancy import load, scoped
from ledger.people import inbox
from ledger.settlement import dispute_reading, disputes, evidence, settlements
from ledger.settlement.dispute_models import Dispute, DisputeState, Favour
from ledger.settlement.disputes import Claim
from ledger.settlement.errors import (
    AppealTooLate,
    DisputeDecided,
    LineNotDisputable,
    NotAppealable,
    NotClawedBack,
)
from ledger.settlement.models import LineType, Settlement, SettlementState
from tests.ledger.rewards.street import at_once
from tests.ledger.service.feedback_giving import photo as picture
from tests.ledger.settlement.office import NEXT_WEEK, Office
from tests.stories import open_neighbourhood, street_officer

S = SettlementState


def dispute(office: Office, settlement: Settlement, kind: str = LineType.REDEMPTION, *, n: int = 0) -> Dispute:
    """The owner disputes the n-th line of this kind."""
    lines = [line for line in office.lines(settlement) if line.type == kind]
    claim = Claim(lines[n].id, "金额不对")
    return disputes.raise_disputes(office.street.owner.actor, settlement.id, [claim])[0]


def decide(office: Office, row: Dispute, favour: Favour) -> Dispute:
    return disputes.decide_dispute(office.treasurer.actor, row.id, favour=favour, reason="核对过")


def owed(office: Office) -> int:
    return atomic(account_balance)(office.id, payable_to(office.street.bakery.id))


def in_fund(office: Office) -> int:
    return atomic(account_balance)(office.id, fund_of(office.street.fund.id))


def two_loaves(office: Office) -> Settlement:
    """An issued statement of 2 yuan and 3 yuan."""
    office.buy()
    clock.advance(minutes=1)
    office.buy(30)
    return office.bring_to(S.ISSUED, office.one())


def pay_rest(office: Office, settlement: Settlement) -> Settlement:
    return office.bring_to(S.PAID, office.read(settlement))


def net_lines(office: Office, settlement: Settlement) -> list[tuple[str, int]]:
    return [(line.type, line.net_fen) for line in office.lines(settlement)]


def test_only_the_disputed_line_is_held_and_the_rest_is_paid_on_time(office: Office) -> None:
    settlement = two_loaves(office)
    before = (settlement.net_fen, settlement.payable_fen, settlement.digest)
    row = dispute(office, settlement)
    assert (row.state, row.line_fen, row.held_fen) == (DisputeState.RAISED, 200, 200)
    assert workdays.is_workday(clock.local_day(row.due_at - timedelta(seconds=1)))
    clock.advance(days=8)
    tick([office.id])  # The clock confirms, whatever is disputed.
    paid = pay_rest(office, settlement)
    assert (paid.confirmed_by, paid.held_fen, paid.to_pay_fen) == (None, 200, 300)
    assert (paid.net_fen, paid.payable_fen, paid.digest) == before
    assert owed(office) == 200


def test_decided_for_the_shop_the_line_is_paid_in_the_open_week(office: Office) -> None:
    settlement = two_loaves(office)
    row = dispute(office, settlement)
    pay_rest(office, settlement)
    disputes.answer_dispute(office.admin.actor, row.id, answer="收据没错")
    assert decide(office, row, Favour.SHOP).decision == "核对过"
    following = office.bring_to(S.PAID, office.one(NEXT_WEEK))
    assert net_lines(office, following) == [("decision", 200)]
    assert (following.to_pay_fen, owed(office)) == (200, 0)
    told = [one.notice.kind for one in inbox.list_notices(office.street.owner.actor)]
    assert {"settlement.dispute_answered", "settlement.dispute_for_shop", "settlement.issued"} <= set(told)


def test_decided_for_the_community_the_redemption_is_refunded(office: Office) -> None:
    buyer = office.street.volunteer(20)
    office.street.buy(buyer)
    clock.advance(minutes=1)
    office.buy(30)
    settlement = office.bring_to(S.ISSUED, office.one())
    row = dispute(office, settlement)
    pay_rest(office, settlement)
    money = in_fund(office)
    decide(office, row, Favour.COMMUNITY)
    assert (office.street.available(buyer), in_fund(office) - money) == (20, 200)
    following = office.bring_to(S.PAID, office.one(NEXT_WEEK))
    assert sorted(net_lines(office, following)) == [("decision", 200), ("refund", -200)]
    assert (following.to_pay_fen, owed(office)) == (0, 0)


@pytest.mark.parametrize(("favour", "due"), [(Favour.SHOP, 0), (Favour.COMMUNITY, -50)])
def test_a_disputed_refund_is_not_charged_until_it_is_decided(office: Office, favour: Favour, due: int) -> None:
    office.refund(office.buy(), points=5)
    settlement = office.bring_to(S.ISSUED, office.one())
    row = dispute(office, settlement, LineType.REFUND)
    paid = pay_rest(office, settlement)
    assert (paid.payable_fen, paid.to_pay_fen, owed(office)) == (150, 200, -50)
    decide(office, row, favour)
    office.buy()
    following = office.bring_to(S.PAID, office.one(NEXT_WEEK))
    assert sorted(net_lines(office, following)) == [("decision", due), ("redemption", 200)]
    assert (following.to_pay_fen, owed(office)) == (200 + due, 0)


def test_an_appeal_is_decided_by_a_second_person_and_the_fund_bears_what_went_back(office: Office) -> None:
    settlement = two_loaves(office)
    row = decide(office, dispute(office, settlement), Favour.COMMUNITY)
    pay_rest(office, settlement)
    owner = office.street.owner.actor
    assert disputes.appeal(owner, row.id, reason="有监控").state == DisputeState.APPEALED
    with pytest.raises(OwnStep):
        decide(office, row, Favour.SHOP)
    second = office.street.place.second_treasurer.actor
    told = [one.notice.kind for one in inbox.list_notices(office.treasurer.actor)]
    assert told[:2] == ["settlement.appealed", "settlement.disputed"]
    final = disputes.decide_dispute(second, row.id, favour=Favour.SHOP, reason="看过监控")
    assert (final.state, final.favour) == (DisputeState.FINAL, Favour.SHOP)
    with pytest.raises(NotAppealable):
        disputes.appeal(owner, row.id, reason="再来")
    with pytest.raises(WrongState):
        decide(office, row, Favour.COMMUNITY)
    following = office.bring_to(S.PAID, office.one(NEXT_WEEK))
    assert sorted(net_lines(office, following)) == [("decision", 200), ("decision", 200), ("refund", -200)]
    assert (following.to_pay_fen, owed(office)) == (200, 0)


def test_the_street_decides_an_appeal_that_has_waited_two_working_days(office: Office) -> None:
    """As the absent second person, audited and counted; no first decision is the street's."""
    officer = street_officer(office.street.place.community).actor
    row = dispute(office, two_loaves(office))
    with pytest.raises(Forbidden):
        disputes.decide_dispute(officer, row.id, favour=Favour.SHOP, reason="看过")
    decide(office, row, Favour.COMMUNITY)
    disputes.appeal(office.street.owner.actor, row.id, reason="有监控")
    with pytest.raises(SecondPersonPresent):
        disputes.decide_dispute(officer, row.id, favour=Favour.SHOP, reason="看过")
    assert dispute_reading.see_dispute(officer, row.id).steps == []
    clock.move_to(street_may_since(clock.now()))
    officer = street_officer(office.street.place.community).actor
    assert dispute_reading.see_dispute(officer, row.id).steps == ["decide"]
    assert dispute_reading.count_waiting_for(officer) == 1
    disputes.decide_dispute(officer, row.id, favour=Favour.SHOP, reason="看过监控")
    assert atomic(count_stand_ins)(office.id) == {"decide_appeals": 1}
    notes = scoped(office.id, AuditLine).where(AuditLine.thing_id == row.id, AuditLine.actor_id == officer.person_id)
    assert [line.detail["stood_in"] for line in atomic(lambda: db.session.scalars(notes).all())()] == [True]


def test_an_appeal_has_its_days_and_its_reason(office: Office) -> None:
    settlement = two_loaves(office)
    won, lost = dispute(office, settlement), dispute(office, settlement, n=1)
    owner = office.street.owner.actor
    with pytest.raises(WrongState):
        disputes.appeal(owner, lost.id, reason="早了")
    decide(office, won, Favour.SHOP)
    lost = decide(office, lost, Favour.COMMUNITY)
    with pytest.raises(NotAppealable):
        disputes.appeal(owner, won.id, reason="再来")
    with pytest.raises(Forbidden):
        disputes.appeal(office.treasurer.actor, lost.id, reason="不是店主")
    assert lost.appeal_until is not None
    clock.move_to(lost.appeal_until)
    with pytest.raises(AppealTooLate):
        disputes.appeal(owner, lost.id, reason="晚了")


def test_what_nobody_decides_by_its_day_is_the_shops(office: Office) -> None:
    settlement = two_loaves(office)
    row = dispute(office, settlement)
    clock.move_to(row.due_at - timedelta(minutes=1))
    tick([office.id])
    assert dispute_reading.see_dispute(office.admin.actor, row.id).dispute.state == DisputeState.RAISED
    clock.move_to(row.due_at + timedelta(minutes=1))
    assert dispute_reading.is_overdue(row)
    tick([office.id])
    found = dispute_reading.see_dispute(office.admin.actor, row.id).dispute
    assert (found.state, found.favour, found.decided_by) == (DisputeState.DECIDED, Favour.SHOP, None)


def test_where_the_agreement_says_so_what_nobody_decides_is_the_communitys(office: Office) -> None:
    """By the terms that the line was redeemed under: what is agreed afterwards changes nothing for it."""
    office.buy(40)
    office.street.agree(undecided_for_shop=False)
    clock.advance(minutes=1)
    buyer = office.street.volunteer(20)
    office.street.buy(buyer)
    clock.advance(minutes=1)
    office.buy(30)
    settlement = office.bring_to(S.ISSUED, office.one())
    rows = [dispute(office, settlement, n=n) for n in range(3)]
    office.street.agree(undecided_for_shop=True)
    pay_rest(office, settlement)
    decide(office, rows[2], Favour.COMMUNITY)
    disputes.appeal(office.street.owner.actor, rows[2].id, reason="有监控")

    def found() -> list[tuple[str, str | None, str]]:
        views = reversed(dispute_reading.list_disputes(office.treasurer.actor))
        return [(view.dispute.state, view.dispute.favour, view.undecided_for) for view in views]

    assert [undecided for *_, undecided in found()] == ["shop", "community", "community"]
    clock.move_to(rows[0].due_at + timedelta(minutes=1))
    tick([office.id])
    assert found()[:2] == [("decided", "shop", "shop"), ("decided", "community", "community")]
    assert office.street.available(buyer) == 20
    clock.move_to(rows[2].due_at + timedelta(days=30))
    tick([office.id])
    assert found()[2] == ("final", "community", "community")
    later = [line for one in office.all_statements()[1:] for line in net_lines(office, one) if line[0] != "carry_over"]
    gone_back = [("refund", -200), ("refund", -300)]
    assert sorted(later) == [("decision", 0), ("decision", 200), ("decision", 300), ("decision", 400), *gone_back[::-1]]


def test_an_empty_fund_leaves_the_days_decision_to_the_next(office: Office) -> None:
    office.refund(office.buy(), points=5)
    settlement = office.bring_to(S.ISSUED, office.one())
    row = dispute(office, settlement, LineType.REFUND)
    for _ in range(2):
        office.street.buy(office.street.volunteer(5000), office.street.offer(points=4000))
    office.street.buy(office.street.volunteer(5000), office.street.offer(points=in_fund(office) // 10))
    clock.move_to(row.due_at + timedelta(minutes=1))
    tick([office.id])
    assert dispute_reading.see_dispute(office.admin.actor, row.id).dispute.state == DisputeState.RAISED


def test_who_may_not_dispute_what_and_when(office: Office) -> None:
    office.refund(office.buy(50))
    office.bring_to(S.PAID, office.one())
    redemption = office.buy(50)
    office.refund(redemption, points=45)
    office.refund(redemption)
    office.refund(office.buy(), points=20)
    office.buy()
    draft = office.one(NEXT_WEEK)
    owner, line = office.street.owner.actor, office.lines(draft)[0]
    with pytest.raises(WrongState):
        disputes.raise_disputes(owner, draft.id, [Claim(line.id, "早了")])
    settlement = office.bring_to(S.ISSUED, draft)
    for somebody in (office.admin, office.treasurer, office.street.clerk, office.street.volunteer(0)):
        with pytest.raises(Forbidden):
            disputes.raise_disputes(somebody.actor, settlement.id, [Claim(line.id, "不是我的")])
    with pytest.raises(NotFound):
        disputes.raise_disputes(open_neighbourhood("北塔社区").admin.actor, settlement.id, [Claim(line.id, "x")])
    earlier = next(one for one in office.all_statements() if one.id != settlement.id)
    with pytest.raises(NotFound):
        disputes.raise_disputes(owner, settlement.id, [Claim(office.lines(earlier)[0].id, "别的单")])
    row = disputes.raise_disputes(owner, settlement.id, [Claim(line.id, "对")])[0]
    with pytest.raises(AlreadyExists):
        disputes.raise_disputes(owner, settlement.id, [Claim(line.id, "再来")])
    for verb in (office.admin, office.street.owner):
        with pytest.raises(Forbidden):
            disputes.decide_dispute(verb.actor, row.id, favour=Favour.SHOP, reason="x")
    with pytest.raises(Forbidden):
        disputes.answer_dispute(office.street.owner.actor, row.id, answer="x")


def test_a_carry_over_is_not_disputed_and_nothing_is_held_where_nothing_is_paid(office: Office) -> None:
    redemption = office.buy(50)
    office.bring_to(S.PAID, office.one())
    office.refund(redemption)
    office.one(NEXT_WEEK)
    office.buy()
    third = office.bring_to(S.ISSUED, office.one("2026-W49"))
    assert net_lines(office, third) == [("carry_over", -500), ("redemption", 200)]
    with pytest.raises(LineNotDisputable):
        dispute(office, third, LineType.CARRY_OVER)
    row = dispute(office, third)
    assert (row.held_fen, office.read(third).to_pay_fen) == (0, 0)
    decide(office, row, Favour.COMMUNITY)
    fourth = office.one("2026-W50")
    assert sorted(net_lines(office, fourth)) == [("carry_over", -300), ("decision", 0), ("refund", -200)]
    assert (fourth.opening_fen, fourth.closing_fen, owed(office)) == (-300, -500, -500)


def test_a_void_statement_ends_its_open_disputes_and_a_decided_one_keeps_it(office: Office) -> None:
    settlement = two_loaves(office)
    row = dispute(office, settlement)
    replacement = office.bring_to(S.ISSUED, office.void(settlement))
    assert dispute_reading.see_dispute(office.admin.actor, row.id).dispute.state == DisputeState.VOID
    again = dispute(office, replacement)
    decide(office, again, Favour.SHOP)
    with pytest.raises(DisputeDecided):
        office.void(replacement)
    assert office.read(replacement).held_fen == 200


def test_money_paid_is_taken_back_by_a_line_of_the_open_week(office: Office) -> None:
    redemption = office.buy()
    office.refund(redemption, points=5)
    settlement = office.bring_to(S.APPROVED, office.one())
    line = office.lines(settlement)[0]
    with pytest.raises(NotClawedBack):
        disputes.claw_back(office.treasurer.actor, line.id, reason="未到店")
    office.bring_to(S.PAID, settlement)
    with pytest.raises(Forbidden):
        disputes.claw_back(office.admin.actor, line.id, reason="未到店")
    disputes.claw_back(office.treasurer.actor, line.id, reason="未到店")
    with pytest.raises(NotClawedBack):
        disputes.claw_back(office.treasurer.actor, line.id, reason="再来")
    office.buy()
    following = office.bring_to(S.ISSUED, office.one(NEXT_WEEK))
    assert sorted(net_lines(office, following)) == [("clawback", -150), ("redemption", 200)]
    row = dispute(office, following, LineType.CLAWBACK)
    decide(office, row, Favour.SHOP)
    office.bring_to(S.PAID, office.read(following))
    last = office.bring_to(S.PAID, office.one("2026-W49"))
    assert (net_lines(office, last), owed(office)) == ([("decision", 0)], 0)


def test_photos_prove_a_dispute_to_those_who_see_it(office: Office) -> None:
    settlement = two_loaves(office)
    owner = office.street.owner.actor
    with pytest.raises(Forbidden):
        evidence.send_photo(office.street.clerk.actor, picture())
    photo, unused = (evidence.send_photo(owner, picture()) for _ in range(2))
    line = office.lines(settlement)[0]
    row = disputes.raise_disputes(owner, settlement.id, [Claim(line.id, "见照片", [photo.id])])[0]
    assert dispute_reading.see_dispute(office.admin.actor, row.id).photo_ids == [photo.id]
    assert dispute_reading.read_photo(office.treasurer.actor, row.id, photo.id).startswith(b"\xff\xd8")
    with pytest.raises(NotFound):
        dispute_reading.read_photo(office.treasurer.actor, row.id, unused.id)
    clock.advance(days=2)
    tick([office.id])
    assert atomic(load)(office.id, File, unused.id).content is None


def test_the_queue_is_in_the_order_of_its_days_and_names_the_steps(office: Office) -> None:
    settlement = two_loaves(office)
    first, second = dispute(office, settlement), dispute(office, settlement, n=1)
    treasurer, owner = office.treasurer.actor, office.street.owner.actor
    queue = dispute_reading.list_disputes(treasurer, is_open=True)
    assert [(view.dispute.id, view.steps) for view in queue] == [
        (first.id, ["answer", "decide"]),
        (second.id, ["answer", "decide"]),
    ]
    assert dispute_reading.count_waiting_for(treasurer) == 2
    decide(office, first, Favour.COMMUNITY)
    assert [view.steps for view in dispute_reading.list_disputes(owner)] == [[], ["appeal"]]
    with pytest.raises(Forbidden):
        dispute_reading.list_disputes(office.street.clerk.actor)


def test_the_words_of_who_disputed_are_exported_and_erased(office: Office) -> None:
    settlement = two_loaves(office)
    dispute(office, settlement)
    person_id = office.street.owner.person_id
    assert exporters["disputes"](person_id)["disputes"][0]["reason"] == "金额不对"
    erasers["disputes"](person_id)
    assert exporters["disputes"](person_id)["disputes"][0]["reason"] == "-"


def test_of_two_decisions_at_once_one_stands(office: Office, app: Flask) -> None:
    row = dispute(office, two_loaves(office))
    people = (office.treasurer.actor, office.street.place.second_treasurer.actor)

    def by(actor: object, favour: Favour) -> str:
        return disputes.decide_dispute(actor, row.id, favour=favour, reason="x").state

    calls = [lambda: by(people[0], Favour.SHOP), lambda: by(people[1], Favour.COMMUNITY)]
    assert sorted(at_once(app, calls)) == ["decided", "wrong_state"]


@pytest.mark.breaks_books
def test_a_statement_that_holds_another_amount_is_found(office: Office) -> None:
    dispute(office, two_loaves(office))
    atomic(lambda: db.session.execute(text("UPDATE settlements SET held_fen = 100")))()
    assert {finding.check for finding in run_checks()} == {"disputes_match"}


def test_an_invoice_comes_first_where_the_agreement_asks_for_it(office: Office) -> None:
    from ledger.settlement.errors import InvoiceMissing

    office.street.agree(needs_invoice=True)
    settlement = office.bring_to(S.CONFIRMED)
    with pytest.raises(InvoiceMissing):
        office.approve(settlement)
    settlements.give_invoice(office.street.owner.actor, settlement.id, number="26112000000012345678")
    with pytest.raises(Forbidden):
        settlements.give_invoice(office.street.clerk.actor, settlement.id, number="1")
    office.approve(settlement)
    with pytest.raises(WrongState):
        settlements.give_invoice(office.street.owner.actor, settlement.id, number="1")
    office.buy()
    other = office.bring_to(S.ISSUED, office.one(NEXT_WEEK))
    with pytest.raises(AlreadyExists):
        settlements.give_invoice(office.street.owner.actor, other.id, number="26112000000012345678")


def test_under_the_minimum_is_carried_over_until_it_is_enough_or_the_agreement_ends(office: Office) -> None:
    from ledger.rewards import agreements

    office.street.agree(minimum_fen=300)
    office.buy()
    first = office.bring_to(S.APPROVED, office.one())
    assert (first.payable_fen, first.closing_fen) == (0, 200)
    office.pay(first)
    office.buy()
    second = office.one(NEXT_WEEK)
    assert (second.opening_fen, second.payable_fen, second.closing_fen) == (200, 400, 0)
    replaced = office.void(office.bring_to(S.ISSUED, second))
    assert net_lines(office, replaced) == [("carry_over", 200), ("redemption", 200)]
    office.bring_to(S.PAID, replaced)
    office.buy()
    assert office.one("2026-W49").closing_fen == 200
    agreements.end_agreement(office.admin.actor, office.street.agreement.id)
    last = office.bring_to(S.PAID, office.one("2026-W50"))
    assert (last.opening_fen, last.payable_fen, owed(office)) == (200, 200, 0)
