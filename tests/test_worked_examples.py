"""Stories of the neighbourhood, told through the verbs from the first scan to the paid week; the books are checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from ledger.book.accounts import payable_to, takings_of
from ledger.book.balances import MemberBalance, account_balance, member_balance
from ledger.book.checking import run_checks
from ledger.book.errors import InsufficientPoints, OverReversed
from ledger.book.reading import list_transfers
from ledger.book.reversal_reading import reversals_of
from ledger.book.reversal_requests import approve_reversal, ask_reversal
from ledger.core import clock
from ledger.core.tenancy import load
from ledger.rewards import redemptions, refunds
from ledger.service import undoing
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Basis, Decision, Stamp
from ledger.service.programmes import RuleTerms, create_programme
from ledger.service.stamps import stamp_checkins
from ledger.settlement import closing, settlements
from ledger.settlement.lines import lines_of
from tests.ledger.rewards.street import Street, open_street
from tests.stories import Neighbour


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    """Friday noon; ten flowers are a yuan, a loaf costs twenty."""
    try:
        yield open_street()
        assert run_checks() == []
    finally:
        clock.move_to(None)


def serve(street: Street, person: Neighbour, *, hours: int) -> UUID:
    """The person patrols for so many hours (five flowers each) and the stamper stamps it; the stamp's id."""
    place, starts_at = street.place, clock.now()
    name = f"巡逻 {starts_at:%m-%d %H:%M}"
    programme = create_programme(place.admin.actor, name, terms=RuleTerms(Basis.PER_HOUR, points=5)).programme
    plan = ActivityPlan(name=name, place="东门", starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours))
    activity = plan_activity(place.admin.actor, programme.id, unit_id=place.grid.id, plan=plan)
    via = Via(poster_code=activity.poster_code)
    record_checkin(person.actor, activity.id, kind=Kind.IN, via=via)
    clock.advance(hours=hours)
    visit = record_checkin(person.actor, activity.id, kind=Kind.OUT, via=via)
    stamped = stamp_checkins(place.stamper.actor, [visit.id], decision=Decision.STAMP).results[0]
    assert stamped.stamp_id is not None
    return stamped.stamp_id


def figures(street: Street, person: Neighbour) -> MemberBalance:
    assert person.member_id is not None
    return member_balance(street.id, person.member_id)


def settle(street: Street, week: str) -> int:
    """The week is closed, issued, confirmed by the owner, approved and paid by two people; the fen that were paid."""
    place = street.place
    clock.move_to(clock.week_bounds(week)[1] + timedelta(hours=9))
    [statement] = closing.close_week(place.admin.actor, week)
    settlements.issue(place.admin.actor, statement.id)
    settlements.confirm(street.owner.actor, statement.id)
    settlements.approve(place.treasurer.actor, statement.id)
    today = clock.today()
    return settlements.pay(place.admin.actor, statement.id, reference="回单 1", paid_on=today).payable_fen


def test_lin_patrols_twice_and_buys_a_loaf(street: Street) -> None:
    lin = street.volunteer(0)
    week = clock.week_of(clock.now())
    serve(street, lin, hours=2)
    clock.advance(hours=1)
    serve(street, lin, hours=2)
    assert (figures(street, lin).available, figures(street, lin).minutes) == (20, 240)

    bought = street.buy(lin)
    assert (bought.points, bought.gross_fen) == (20, 200)
    assert figures(street, lin).available == 0
    assert figures(street, lin).minutes == 240, "hours are never lowered by spending"

    assert settle(street, week) == 200
    assert account_balance(street.id, payable_to(street.bakery.id)) == 0
    assert account_balance(street.id, takings_of(street.bakery.id)) == 0


def test_a_stamp_undone_after_spending_becomes_a_debt_that_the_next_awards_repay(street: Street) -> None:
    lin = street.volunteer(0)
    stamp = serve(street, lin, hours=4)
    street.buy(lin)
    undoing.undo_stamp(street.place.stamper.actor, stamp)
    assert (figures(street, lin).available, figures(street, lin).debt) == (0, 20)

    clock.advance(hours=1)
    serve(street, lin, hours=3)
    assert (figures(street, lin).available, figures(street, lin).debt) == (0, 5)
    clock.advance(hours=1)
    serve(street, lin, hours=2)
    assert (figures(street, lin).available, figures(street, lin).debt) == (5, 0)


def test_a_loaf_given_back_after_the_week_was_paid_stands_in_the_next_statement(street: Street) -> None:
    lin, zhao = street.volunteer(20), street.volunteer(40, "赵桂英")
    week = clock.week_of(clock.now())
    loaf = street.buy(lin)
    assert settle(street, week) == 200

    refunds.refund(street.place.treasurer.actor, loaf.id, reason="面包变质")
    assert figures(street, lin).available == 20
    street.buy(zhao)
    street.buy(zhao)
    following = clock.week_of(clock.now())
    clock.move_to(clock.week_bounds(following)[1])
    [statement] = closing.close_week(street.place.admin.actor, following)
    types = sorted(line.type for line in lines_of(street.id, statement.id))
    assert (types, statement.payable_fen) == (["redemption", "redemption", "refund"], 200)


def test_a_reservation_that_nobody_confirms_gives_everything_back(street: Street) -> None:
    lin = street.volunteer(20)
    street.reserve(lin)
    with pytest.raises(InsufficientPoints):
        street.reserve(lin)
    clock.advance(minutes=15)
    assert figures(street, lin).available == 20
    again = street.reserve(lin)
    assert redemptions.confirm(lin.actor, again.id).state == "confirmed"


def test_a_stamp_undone_and_given_again_with_spending_between_ends_as_if_given_once(street: Street) -> None:
    lin, stamper = street.volunteer(0), street.place.stamper.actor
    stamp = serve(street, lin, hours=4)
    visit_id = load(street.id, Stamp, stamp).checkin_id
    spent, debts = 0, []
    for _ in range(5):
        if figures(street, lin).available >= 20:
            street.buy(lin)
            spent += 20
        undoing.undo_stamp(stamper, stamp)
        debts.append(figures(street, lin).debt)
        assert figures(street, lin).minutes == 0
        stamped = stamp_checkins(stamper, [visit_id], decision=Decision.STAMP).results[0]
        assert stamped.stamp_id is not None
        stamp = stamped.stamp_id
    assert (spent, debts) == (20, [20, 20, 20, 20, 20])
    found = figures(street, lin)
    assert (found.available, found.debt, found.lifetime_earned, found.lifetime_spent) == (0, 0, 20, 20)

    clock.advance(hours=1)
    serve(street, lin, hours=2)
    assert (figures(street, lin).available, figures(street, lin).minutes) == (10, 360)


def test_two_people_take_back_a_part_and_undoing_the_stamp_takes_only_the_rest(street: Street) -> None:
    lin, place = street.volunteer(0), street.place
    stamp = serve(street, lin, hours=4)
    award = next(row for row in list_transfers(place.admin.actor) if row.code == "award")
    request = ask_reversal(place.admin.actor, award.id, amount=6, reason="早走了一小时")
    assert figures(street, lin).available == 20
    approve_reversal(place.treasurer.actor, request.id)
    assert (figures(street, lin).available, figures(street, lin).minutes) == (14, 240)

    undoing.undo_stamp(place.stamper.actor, stamp)
    assert (figures(street, lin).available, figures(street, lin).debt, figures(street, lin).minutes) == (0, 0, 0)
    taken = [row.amount for row in reversals_of(award)]
    assert taken == [6, 14]
    with pytest.raises(OverReversed):
        ask_reversal(place.admin.actor, award.id, amount=1, reason="再来一次")


def test_what_was_taken_back_by_hand_after_spending_is_repaid_by_the_next_service(street: Street) -> None:
    lin, place = street.volunteer(0), street.place
    serve(street, lin, hours=4)
    street.buy(lin)
    award = next(row for row in list_transfers(place.admin.actor) if row.code == "award")
    approve_reversal(place.treasurer.actor, ask_reversal(place.admin.actor, award.id, reason="记到了同名的人").id)
    assert (figures(street, lin).available, figures(street, lin).debt) == (0, 20)
    clock.advance(hours=1)
    serve(street, lin, hours=5)
    assert (figures(street, lin).available, figures(street, lin).debt) == (5, 0)
