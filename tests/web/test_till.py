"""The counter of a shop: a code, what it opens, a reservation, the member's word, and the day's list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from ledger.core import clock
from ledger.core.db import db
from ledger.people.models import Member
from ledger.rewards import agreements, member_codes, merchants, redemptions
from tests.ledger.rewards.street import Street, open_street
from tests.stories import neighbour, open_neighbourhood
from tests.web.browser import Browser

Visit = Callable[..., Browser]


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    """The street at Friday noon; the clock is given back afterwards."""
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def code_of(street: Street, points: int = 100) -> str:
    return member_codes.create_member_code(street.volunteer(points).actor).code


def open_visit(street: Street, browser: Browser, points: int = 100) -> str:
    """The address of a visit that a fresh code has opened."""
    answer = browser.post("./till", member_code=code_of(street, points))
    assert answer.status_code == 303
    browser.get(answer.location)
    return answer.location


@pytest.mark.parametrize(("language", "words"), [("zh", "今天还没有兑换。"), ("en", "Nothing redeemed today yet.")])
def test_the_counter_names_the_shop_and_the_day(street, visit, language, words):
    browser = visit(street.clerk, language=language)
    assert browser.get("./till").status_code == 200
    assert "麦香面包" in browser.words
    assert words in browser.words


def test_the_qr_of_a_member_leads_to_ones_own_counter(street, visit):
    browser = visit(street.clerk)
    assert browser.get("/till").location == f"{browser.root}/till"


def test_a_volunteer_has_no_counter(street, visit):
    browser = visit(street.volunteer())
    assert browser.get("./till").status_code == 403
    assert browser.get("/till").status_code == 403


def test_a_code_opens_a_visit_with_what_is_usable_and_the_masked_name(street, visit):
    browser = visit(street.clerk)
    open_visit(street, browser)
    assert "林*芳" in browser.words
    assert "林秀芳" not in browser.words
    assert "全麦面包" in browser.words


def test_what_cannot_be_used_says_why(street, visit):
    street.offer(name="蛋糕", points=90, weekdays=1)
    browser = visit(street.clerk)
    open_visit(street, browser)
    assert "今天不能兑换这一项。 请在开放的星期几再来。" in browser.words


def test_the_address_in_the_members_qr_is_as_good_as_the_code(street, visit):
    address = f"https://redflower.example.org/some/longer/way/into/the/house/till#{code_of(street)}"
    assert visit(street.clerk).post("./till", member_code=address).status_code == 303


def test_a_used_code_is_refused_on_the_same_page_with_the_next_step(street, visit):
    browser = visit(street.clerk)
    code = code_of(street)
    browser.post("./till", member_code=code)
    answer = browser.post("./till", member_code=code)
    assert answer.status_code == 409
    assert "这个红花码已经用过。 请会员刷新红花码，再扫一次。" in browser.words


def test_an_empty_field_is_marked(street, visit):
    browser = visit(street.clerk)
    assert browser.post("./till", member_code=" ").status_code == 422
    assert 'aria-invalid="true"' in browser.page


def test_a_reservation_waits_for_the_member_and_becomes_a_receipt(street, visit):
    browser = visit(street.clerk)
    person = street.volunteer()
    code = member_codes.create_member_code(person.actor).code
    till = browser.post("./till", member_code=code).location
    answer = browser.post(till, offer_id=street.loaf.id.hex, quantity="1")
    assert answer.status_code == 303
    browser.get(answer.location)
    assert "等待顾客确认" in browser.words
    assert '<meta http-equiv="refresh"' in browser.page
    redemptions.confirm(person.actor, redemption_of(answer.location))
    browser.get(answer.location)
    assert "顾客已确认，可以交货" in browser.words


def redemption_of(address: str):
    return UUID(hex=address.rpartition("/")[2])


def test_pressing_twice_reserves_once(street, visit):
    browser = visit(street.clerk)
    till = open_visit(street, browser)
    first = browser.post(till, key="one", offer_id=street.loaf.id.hex, quantity="1")
    again = browser.post(till, key="one", offer_id=street.loaf.id.hex, quantity="1")
    assert again.location == first.location


def test_a_refused_reservation_stays_at_the_visit(street, visit):
    browser = visit(street.clerk)
    till = open_visit(street, browser)
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    answer = browser.post(till, offer_id=street.loaf.id.hex, quantity="1")
    assert answer.status_code == 409
    assert "这家店的兑换已暂停。" in browser.words


def test_a_card_with_a_minimum_asks_for_the_bill_in_yuan(street, visit):
    card = street.offer(name="减免卡", minimum_bill_fen=5000)
    browser = visit(street.clerk)
    till = open_visit(street, browser)
    assert "账单金额（元），满 ¥50.00 可用" in browser.words
    assert browser.post(till, offer_id=card.id.hex, quantity="1", bill_fen="49.99").status_code == 409
    assert browser.post(till, offer_id=card.id.hex, quantity="1", bill_fen="50").status_code == 303


def test_a_form_that_is_none_of_ours_is_refused(street, visit):
    browser = visit(street.clerk)
    till = open_visit(street, browser)
    assert browser.post(till, offer_id=street.loaf.id.hex, quantity="no number").status_code == 422


def test_a_visit_that_is_over_offers_nothing(street, visit):
    browser = visit(street.clerk)
    till = open_visit(street, browser)
    clock.advance(minutes=10)
    browser.get(till)
    assert "这次开台已经结束" in browser.words


def test_the_day_lists_what_was_given_and_sums_it(street, visit):
    for _ in range(2):
        street.buy(street.volunteer())
    browser = visit(street.owner)
    browser.get("./till")
    assert "今日 2 笔，共 40 朵" in browser.words


def test_the_clerk_cancels_a_reservation(street, visit):
    person = street.volunteer()
    redemption = street.serve(person)
    browser = visit(street.clerk)
    browser.get(f"./till/redemptions/{redemption.id.hex}")
    browser.post(f"./till/redemptions/{redemption.id.hex}/cancel", follow=True)
    assert "没有成交，请不要交货" in browser.words
    assert street.available(person) == 100


def test_the_operator_undoes_within_ten_minutes_and_not_after(street, visit):
    redemption = street.serve(street.volunteer())
    redemptions.confirm(street_member(street, redemption), redemption.id)
    browser = visit(street.clerk)
    address = f"./till/redemptions/{redemption.id.hex}"
    browser.get(address)
    assert "整笔撤销" in browser.words
    clock.advance(minutes=10, seconds=1)
    assert browser.post(f"{address}/undo").status_code == 409
    assert "已超过 10 分钟，不能撤销。" in browser.words
    clock.advance(minutes=-5)
    browser.post(f"{address}/undo", follow=True)
    assert "已退回红花" in browser.words


def street_member(street: Street, redemption):
    member = db.session.get(Member, (street.id, redemption.member_id))
    return neighbour(street.id, member.name, member.person_id, member.id).actor


def test_another_branchs_clerk_sees_nothing_of_it(street, visit):
    other = merchants.add_branch(street.place.admin.actor, street.bakery.id, name="西门店", address="南华街 9 号")
    redemption = street.serve(street.volunteer(), branch_id=street.branch.id)
    browser = visit(street.at_counter("小李", branch=other))
    assert browser.get(f"./till/redemptions/{redemption.id.hex}").status_code == 403
    assert browser.get(f"./till?branch_id={street.branch.id.hex}").status_code == 403


def test_an_owner_of_two_branches_chooses_one(street, visit):
    other = merchants.add_branch(street.place.admin.actor, street.bakery.id, name="西门店", address="南华街 9 号")
    browser = visit(street.owner)
    browser.get(f"./till?branch_id={other.id.hex}")
    assert f'<option value="{other.id.hex}" selected' in browser.page


def test_signed_out_the_till_asks_to_sign_in(street, visit):
    browser = visit()
    assert browser.get(f"/c/{street.id.hex}/till").status_code == 401


def test_a_stranger_finds_no_till(street, visit):
    stranger = open_neighbourhood("远方社区").admin
    assert visit(stranger).get(f"/c/{street.id.hex}/till").status_code == 404
