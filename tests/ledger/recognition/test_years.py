"""A member's year and stars, the board, and the street's view."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.book import expiry
from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound
from ledger.recognition import notice_board, streets, summaries, years
from ledger.recognition.models import SummaryState
from ledger.recognition.stars import Stars, stars_of
from ledger.rewards import refunds
from ledger.rewards.redemptions import cancel
from ledger.rewards.week_figures import Cell
from tests.ledger.recognition.month import NOVEMBER
from tests.stories import open_neighbourhood, street_officer


def test_hours_are_not_lowered_by_spending_by_a_refund_or_by_expiry(november):
    expiry.set_policy(november.admin.actor, 1)
    [lin] = november.volunteers("林秀芳")
    november.serve(lin)
    november.street.award(lin, 60)

    def minutes() -> int:
        return member_balance(november.id, lin.member_id).minutes

    assert minutes() == 120
    bought = november.street.buy(lin)
    assert minutes() == 120
    cancel(lin.actor, november.street.reserve(lin).id)
    refunds.refund(november.street.place.treasurer.actor, bought.id, reason="坏了")
    assert minutes() == 120
    clock.advance(days=70)
    expiry.expire_points(november.id, clock.today().isoformat())
    assert member_balance(november.id, lin.member_id).available == 0
    assert minutes() == 120
    found = years.see_year(lin.actor, lin.member_id, 2026)
    assert (found.minutes, found.minutes_ever, found.visits, found.earned, found.spent) == (120, 120, 1, 70, 0)


def test_stars_come_at_100_300_600_1000_and_1500_hours():
    counted = {hours: stars_of(60 * hours).earned for hours in (0, 99, 100, 299, 300, 600, 999, 1000, 1500, 9000)}
    assert counted == {0: 0, 99: 0, 100: 1, 299: 1, 300: 2, 600: 3, 999: 3, 1000: 4, 1500: 5, 9000: 5}
    assert stars_of(60 * 300 - 1) == Stars(1, 60 * 300)
    assert stars_of(60 * 1500) == Stars(5, None)


def test_a_year_tells_what_the_flowers_became_and_belongs_to_its_member(november):
    lin, other = november.volunteers("林秀芳", "陈刚")
    november.serve(lin)
    november.street.award(lin, 60)
    november.street.buy(lin)
    november.street.buy(lin)
    found = years.see_year(lin.actor, lin.member_id, 2026)
    assert found.masked_name == "林*芳"
    assert found.became == (("全麦面包", "麦香面包", 2, 40),)
    assert (found.spent, found.months[10], sum(found.months)) == (40, 120, 120)
    assert years.see_year(lin.actor, lin.member_id, 2025).minutes == 0
    with pytest.raises(NotFound):
        years.see_year(lin.actor, lin.member_id, 2027)
    with pytest.raises(Forbidden):
        years.see_year(other.actor, lin.member_id, 2026)


def test_the_board_names_only_who_agreed_and_nobody_while_few_served(november):
    lin, chen = november.volunteers("林秀芳", "陈刚")
    [agreed] = november.volunteers("王桂兰", published=True)
    november.serve(lin, chen)
    few = notice_board.board_of(november.id)
    assert (few.people, few.visits, few.thanked) == (None, 2, ())
    november.serve(agreed)
    board = notice_board.board_of(november.id)
    assert (board.people, board.visits, board.minutes, board.minutes_ever) == (3, 3, 360, 360)
    assert sorted(one.name for one in board.thanked) == ["林*芳", "王桂兰", "陈*"]
    assert board.entered_later_percent == 0
    assert board.open_objections == 0
    assert board.points_ever == 30
    assert [(fund.name, fund.left_fen) for fund in board.funds] == [("微基金", 100_000)]
    with pytest.raises(NotFound):
        notice_board.board_of(lin.person_id)


def test_the_board_tells_of_weeks_that_have_ended_and_of_no_two_people(november):
    street, people = november.street, [november.street.volunteer(name=name) for name in ("甲", "乙", "丙")]
    for person in people:
        street.buy(person)
    assert notice_board.board_of(november.id).weeks == (), "the present week is not over"
    clock.advance(days=7)
    for person in people[:2]:
        street.buy(person)
    clock.advance(days=7)
    few, three = notice_board.board_of(november.id).weeks
    assert (few.total, three.total) == (Cell(), Cell(3, 3, 60))
    assert [(one.kind, one.cell) for one in few.kinds] == [("goods", Cell())]
    clock.advance(days=28)
    assert notice_board.board_of(november.id).weeks == ()


def test_the_street_sees_its_communities_side_by_side_as_they_signed(november):
    november.serve(*november.volunteers("林秀芳", "陈刚"))
    officer = street_officer(november.street.place.community)
    open_neighbourhood("北塔社区")
    with pytest.raises(Forbidden):
        streets.side_by_side(november.admin.actor, NOVEMBER)
    [draft] = streets.side_by_side(officer.actor, NOVEMBER)
    assert (draft.name, draft.status, draft.totals["visits"]) == ("南华社区", SummaryState.DRAFT, 2)
    november.in_december()
    summaries.sign_off(november.admin.actor, NOVEMBER)
    [signed] = streets.side_by_side(officer.actor, date(2026, 12, 1))
    assert signed.trend[-2:] == (240, 0)
    with pytest.raises(NotFound):
        streets.side_by_side(officer.actor, date(2027, 1, 1))
