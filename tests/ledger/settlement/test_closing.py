"""Closing a week: everything that no statement has, once, whatever comes late or twice."""

from __future__ import annotations

import pytest
from flask import Flask

from ledger.core import clock, registry
from ledger.core.errors import Forbidden
from ledger.core.jobs import tick
from ledger.core.tenancy import Role, system_actor
from ledger.settlement import closing
from ledger.settlement.errors import WeekNotOver
from ledger.settlement.models import SettlementState
from tests.ledger.rewards.street import at_once
from tests.ledger.settlement.office import MONDAY, NEXT_WEEK, THIS_WEEK, Office


def figures(settlement) -> dict[str, int]:
    names = ("opening_fen", "gross_fen", "deduction_fen", "net_fen", "payable_fen", "closing_fen", "points")
    return {name.removesuffix("_fen"): getattr(settlement, name) for name in names if getattr(settlement, name)}


def test_a_week_with_redemptions_has_one_draft_for_the_shop(office: Office) -> None:
    office.buy()
    office.buy(30)
    draft = office.one()
    assert (draft.state, draft.week, draft.merchant_id) == (SettlementState.DRAFT, THIS_WEEK, office.street.bakery.id)
    assert figures(draft) == {"gross": 500, "net": 500, "payable": 500, "points": 50}
    assert (draft.line_count, draft.number, draft.digest) == (2, None, None)


def test_the_cut_off_is_monday_midnight_in_shanghai(office: Office) -> None:
    office.buy()
    assert office.one().cut_off_at == MONDAY


def test_a_redemption_of_the_last_moment_belongs_to_the_week_and_one_of_monday_to_the_next(office: Office) -> None:
    buyers = [office.street.volunteer(20) for _ in range(2)]
    clock.move_to(MONDAY)
    clock.advance(milliseconds=-1)
    office.street.buy(buyers[0])
    clock.move_to(MONDAY)
    office.street.buy(buyers[1])
    assert office.one().line_count == 1
    assert office.one(NEXT_WEEK).line_count == 1


def test_what_was_reserved_or_cancelled_is_not_settled(office: Office) -> None:
    office.street.reserve(office.street.volunteer(20))
    assert office.close() == []


def test_a_line_says_what_was_redeemed_where_and_under_which_terms(office: Office) -> None:
    redemption = office.buy()
    [line] = office.lines(office.one())
    assert (line.type, line.redemption_id, line.receipt_number) == (
        "redemption",
        redemption.id,
        redemption.receipt_number,
    )
    assert (line.branch_name, line.offer_name, line.agreement_version, line.rate) == ("东门店", "全麦面包", 1, "100/10")
    assert (line.points, line.gross_fen, line.deduction_fen, line.net_fen) == (20, 200, 0, 200)
    assert line.happened_at == redemption.confirmed_at


def test_lines_stand_in_the_order_of_time(office: Office) -> None:
    for _ in range(3):
        office.buy()
        clock.advance(minutes=5)
    lines = office.lines(office.one())
    assert [line.position for line in lines] == [1, 2, 3]
    assert [line.happened_at for line in lines] == sorted(line.happened_at for line in lines)


def test_a_refund_of_the_same_week_is_a_line_of_its_own(office: Office) -> None:
    redemption = office.buy()
    office.refund(redemption, points=5)
    draft = office.one()
    assert figures(draft) == {"gross": 150, "net": 150, "payable": 150, "points": 15}
    assert [(line.type, line.net_fen) for line in office.lines(draft)] == [("redemption", 200), ("refund", -50)]


def test_a_late_refund_stands_in_the_next_weeks_statement(office: Office) -> None:
    redemption = office.buy()
    first = office.one()
    office.buy()
    office.refund(redemption)
    second = office.one(NEXT_WEEK)
    assert figures(office.read(first)) == {"gross": 200, "net": 200, "payable": 200, "points": 20}
    assert [(line.type, line.net_fen) for line in office.lines(second)] == [("redemption", 200), ("refund", -200)]


def test_what_is_overpaid_is_carried_over_until_it_is_made_up(office: Office) -> None:
    redemption = office.buy(50)
    office.bring_to(SettlementState.PAID, office.one())
    office.refund(redemption)
    office.buy()
    second = office.one(NEXT_WEEK)
    assert figures(second) == {"gross": -300, "net": -300, "closing": -300, "points": -30}
    [third] = office.close("2026-W49")
    assert figures(third) == {"opening": -300, "closing": -300}
    office.buy(50)
    fourth = office.one("2026-W50")
    assert figures(fourth) == {"opening": -300, "gross": 500, "net": 500, "payable": 200, "points": 50}


def test_a_week_is_closed_after_its_end_not_before(office: Office) -> None:
    office.buy()
    clock.move_to(MONDAY)
    clock.advance(milliseconds=-1)
    with pytest.raises(WeekNotOver):
        closing.close_week(office.treasurer.actor, THIS_WEEK)


def test_closing_again_adds_nothing(office: Office) -> None:
    office.buy()
    assert (len(office.close()), office.close()) == (1, [])


def test_what_was_confirmed_in_a_week_that_is_closed_already_waits_for_the_next(office: Office) -> None:
    """A redemption of the week whose transaction ended only after the close is a late line."""
    buyer = office.street.volunteer(20)
    office.buy()
    office.one()
    clock.move_to(MONDAY)
    clock.advance(minutes=-1)
    late = office.street.buy(buyer)
    assert office.close() == []
    [line] = office.lines(office.one(NEXT_WEEK))
    assert line.redemption_id == late.id


def test_a_skipped_week_is_taken_by_the_next_close(office: Office) -> None:
    office.buy()
    clock.move_to(clock.week_bounds(NEXT_WEEK)[0])
    office.buy()
    draft = office.one(NEXT_WEEK)
    assert (draft.line_count, draft.payable_fen) == (2, 400)


def test_a_week_before_the_last_closed_one_is_not_opened_again(office: Office) -> None:
    office.buy()
    office.one(NEXT_WEEK)
    assert office.close(THIS_WEEK) == []


def test_each_shop_has_its_own_statement(office: Office) -> None:
    from ledger.rewards import agreements, merchants, offers, redemptions
    from ledger.rewards.models import OfferKind
    from ledger.rewards.offers import OfferTerms
    from ledger.rewards.ways import ByPoster
    from tests.ledger.rewards.street import terms_of

    street, admin, treasurer = office.street, office.admin.actor, office.treasurer.actor
    barber = merchants.create_merchant(admin, "老李理发", trade="理发")
    branch = merchants.add_branch(admin, barber.id, name="总店", address="南华街 2 号")
    agreement = agreements.draft_agreement(admin, barber.id, terms=terms_of(street.fund))
    agreements.sign_agreement(admin, agreement.id)
    agreements.sign_agreement(treasurer, agreement.id)
    cut = offers.draft_offer(
        admin, agreement.id, kind=OfferKind.SERVICE, terms=OfferTerms(name="剪发", points=40), stock=None
    )
    offers.approve_offer(treasurer, cut.id)
    person = street.volunteer(60)
    street.buy(person)
    poster = ByPoster(merchants.poster_code(admin, branch))
    redemptions.confirm(person.actor, redemptions.reserve(person.actor, cut.id, way=poster).id)
    assert {draft.merchant_id: draft.payable_fen for draft in office.close()} == {
        street.bakery.id: 200,
        barber.id: 400,
    }


def test_two_closes_at_once_make_one_statement(office: Office, app: Flask) -> None:
    for _ in range(3):
        office.buy()
    clock.move_to(MONDAY)
    actor = office.treasurer.actor
    results = at_once(app, [lambda: len(closing.close_week(actor, THIS_WEEK))] * 6)
    assert sorted(results) == [0] * 5 + [1]
    [statement] = office.all_statements()
    assert statement.line_count == 3


def test_the_clock_closes_the_week_before(office: Office) -> None:
    office.buy()
    clock.move_to(MONDAY)
    clock.advance(minutes=3)
    tick([office.id])
    tick([office.id])
    [statement] = office.all_statements()
    assert (statement.week, statement.line_count) == (THIS_WEEK, 1)
    assert registry.jobs["close_week"].period(clock.now()) == THIS_WEEK


def test_the_clock_itself_may_close(office: Office) -> None:
    office.buy()
    clock.move_to(MONDAY)
    assert len(closing.close_week(system_actor(office.id), THIS_WEEK)) == 1


def test_others_do_not_close(office: Office) -> None:
    staff = [office.street.place.staff(role) for role in (Role.COORDINATOR, Role.STAMPER, Role.SUPERVISOR)]
    clock.move_to(MONDAY)
    for somebody in (*staff, office.street.owner, office.street.clerk):
        with pytest.raises(Forbidden):
            closing.close_week(somebody.actor, THIS_WEEK)


def test_there_is_no_such_week_to_close(office: Office) -> None:
    for week in ("2026-W54", "2026-W00", "soon"):
        with pytest.raises(ValueError, match=r".*"):
            closing.close_week(office.treasurer.actor, week)
