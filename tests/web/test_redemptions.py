"""A redemption on the phone: confirmed or cancelled by its member, its receipt, and what goes back."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from ledger.core import clock
from ledger.rewards import redemptions, refunds
from ledger.rewards.models import Redemption
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour, open_neighbourhood
from tests.web.browser import Browser


@pytest.fixture
def person(street: Street) -> Neighbour:
    return street.volunteer()


def address(redemption: Redemption) -> str:
    return f"./redemptions/{redemption.id.hex}"


def press(browser: Browser, redemption: Redemption, step: str, *, key: str | None = None) -> TestResponse:
    browser.get(address(redemption))
    return browser.post(f"{address(redemption)}/{step}", key=key)


# --- confirming ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "确认，付 20 朵给 麦香面包"), ("en", "20 flowers to 麦香面包")])
def test_the_confirmation_names_shop_goods_points_and_what_is_left(street, person, visit, language, words):
    browser = visit(person, language=language)
    browser.get(address(street.reserve(person)))
    assert words in browser.words
    assert "全麦面包" in browser.words
    assert "80" in browser.words


def test_looking_at_the_confirmation_moves_nothing(street, person, visit):
    visit(person).get(address(street.reserve(person)))
    assert street.available(person) == 80
    assert redemptions.confirm(person.actor, street.reserve(person).id)


def test_a_press_confirms_and_leads_to_the_receipt(street, person, visit):
    browser = visit(person)
    reserved = street.serve(person)
    browser.get(press(browser, reserved, "confirm").location)
    assert "兑换成功，请给店员看这一页" in browser.words
    assert reserved.receipt_number in browser.words
    assert "12:00:00" in browser.words


def test_pressing_twice_pays_once(street, person, visit):
    browser = visit(person)
    reserved = street.reserve(person)
    answers = [press(browser, reserved, "confirm", key="one press") for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert street.available(person) == 80


def test_when_the_time_is_over_the_page_says_so(street, person, visit):
    browser = visit(person)
    reserved = street.reserve(person)
    browser.get(address(reserved))
    clock.advance(minutes=15)
    assert browser.post(f"{address(reserved)}/confirm").status_code == 409
    assert 'role="alert"' in browser.page
    assert "已过期" in browser.words


def test_cancelling_frees_the_points_and_leads_to_the_list(street, person, visit):
    browser = visit(person)
    browser.get(press(browser, street.reserve(person), "cancel").location)
    assert "已取消" in browser.words
    assert street.available(person) == 100


def test_a_clerk_cannot_confirm_for_the_member(street, person, visit):
    reserved = street.serve(person)
    assert press(visit(street.clerk), reserved, "confirm").status_code == 403
    assert street.available(person) == 80


# --- receipt and list ---------------------------------------------------------------------------------------------


def test_an_old_receipt_is_no_fresh_one(street, person, visit):
    bought = street.buy(person)
    clock.advance(minutes=6)
    browser = visit(person)
    browser.get(address(bought))
    assert "兑换成功" not in browser.words
    assert bought.receipt_number in browser.words


def test_a_fresh_receipt_renews_its_clock_without_a_script(street, person, visit):
    browser = visit(person)
    browser.get(address(street.buy(person)))
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in browser.page


def test_staff_see_the_name_and_the_shop_a_masked_one(street, person, visit):
    bought = street.buy(person)
    admin, clerk = visit(street.place.admin), visit(street.clerk)
    admin.get(address(bought))
    clerk.get(address(bought))
    assert ("林秀芳" in admin.words, "林秀芳" in clerk.words, "林*芳" in clerk.words) == (True, False, True)


@pytest.mark.parametrize(("language", "words"), [("zh", "还没有兑换过"), ("en", "Nothing redeemed yet")])
def test_an_empty_list_says_where_to_begin(street, person, visit, language, words):
    browser = visit(person, language=language)
    assert browser.get("./redemptions").status_code == 200
    assert words in browser.words


def test_the_list_is_newest_first_and_leads_to_what_waits(street, person, visit):
    street.buy(person)
    clock.advance(minutes=1)
    street.reserve(person)
    browser = visit(person)
    browser.get("./redemptions")
    assert browser.words.index("等待确认") < browser.words.index("已兑换")
    assert "去确认或取消" in browser.words


def test_a_long_list_goes_on_on_the_next_page(street, person, visit, monkeypatch):
    monkeypatch.setattr("web.redemptions.PAGE_SIZE", 1)
    first = street.buy(person)
    street.buy(person)
    browser = visit(person)
    browser.get("./redemptions")
    assert first.receipt_number[-4:] not in browser.words
    assert "下一页" in browser.words


def test_a_neighbour_is_refused_and_a_stranger_finds_nothing(street, person, visit):
    bought = street.buy(person)
    stranger = open_neighbourhood("北塔社区").volunteer()
    page = f"/c/{street.id.hex}/redemptions/{bought.id.hex}"
    visitors = (None, stranger, street.volunteer(name="邻居"))
    assert [visit(who).get(page).status_code for who in visitors] == [401, 404, 403]


# --- given back ---------------------------------------------------------------------------------------------------


def test_the_counter_gives_a_part_back_and_the_receipt_shows_it(street, person, visit):
    bought = street.buy(person)
    browser = visit(street.clerk)
    browser.get(f"{address(bought)}/refund")
    assert "还可退 20 朵" in browser.words
    answer = browser.post(f"{address(bought)}/refund", points="5", reason="少一片")
    browser.get(answer.location)
    assert "部分退回" in browser.words
    assert "少一片 +5" in browser.words
    assert street.available(person) == 85


def test_what_is_missing_is_said_beside_the_field(street, person, visit):
    bought = street.buy(person)
    browser = visit(street.clerk)
    browser.get(f"{address(bought)}/refund")
    assert browser.post(f"{address(bought)}/refund", points="5", reason="").status_code == 422
    assert "请填写这一项。" in browser.words


def test_more_than_is_left_is_refused_on_the_page(street, person, visit):
    bought = street.buy(person)
    browser = visit(street.place.treasurer)
    browser.get(f"{address(bought)}/refund")
    assert browser.post(f"{address(bought)}/refund", points="21", reason="多退").status_code == 409
    assert 'role="alert"' in browser.page


def test_the_member_gives_nothing_back_to_themself(street, person, visit):
    bought = street.buy(person)
    assert visit(person).get(f"{address(bought)}/refund").status_code == 403
    assert visit(person).post(f"{address(bought)}/refund", points="5", reason="x").status_code == 403


def test_what_is_given_back_wholly_cannot_be_given_back_again(street, person, visit):
    bought = street.buy(person)
    refunds.refund(street.clerk.actor, bought.id, reason="退货")
    assert visit(street.clerk).get(f"{address(bought)}/refund").status_code == 409
