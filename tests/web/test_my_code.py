"""The member's one-time code on the phone: made by a press, seen once, gone when a shop has used it."""

from __future__ import annotations

import re

import pytest

from ledger.core import clock
from ledger.rewards import tills
from tests.stories import open_neighbourhood
from tests.web.browser import Browser

CODE = re.compile(r'class="typed">([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})<')


def make_code(browser: Browser) -> str:
    browser.get("./my-code")
    assert browser.post("./my-code").status_code == 200
    return CODE.search(browser.page)[1]


def waiting_page(browser: Browser) -> str:
    return re.search(r'data-watch="([^"]+)"', browser.page)[1]


@pytest.mark.parametrize(("language", "words"), [("zh", "由您确认商品和朵数"), ("en", "code")])
def test_looking_makes_no_code(street, visit, language, words):
    browser = visit(street.volunteer(), language=language)
    assert browser.get("./my-code").status_code == 200
    assert words in browser.words
    assert CODE.search(browser.page) is None


def test_a_press_shows_a_code_for_a_minute_as_qr_and_to_read_aloud(street, visit):
    browser = visit(street.volunteer())
    make_code(browser)
    assert "60 秒内有效" in browser.words
    assert '<svg class="qr"' in browser.page


def test_the_code_stands_in_no_address(street, visit):
    browser = visit(street.volunteer())
    code = make_code(browser)
    assert code not in "".join(re.findall(r'(?:href|action|data-watch|content)="([^"]*)"', browser.page))


def test_the_page_asks_again_by_itself_without_a_script(street, visit):
    browser = visit(street.volunteer())
    make_code(browser)
    assert f'<noscript><meta http-equiv="refresh" content="20;url={waiting_page(browser)}">' in browser.page


def test_while_the_shop_chooses_the_phone_says_so(street, visit):
    browser = visit(street.volunteer())
    code = make_code(browser)
    address = waiting_page(browser)
    tills.open_till(street.clerk.actor, member_code=code)
    browser.get(address)
    assert "店员正在选商品" in browser.words


def test_when_the_shop_has_chosen_the_phone_is_led_to_the_confirmation(street, visit):
    person = street.volunteer()
    browser = visit(person)
    code = make_code(browser)
    address = waiting_page(browser)
    counter = visit(street.clerk)
    visited = counter.post("./till", member_code=code).location
    counter.get(visited)
    counter.post(visited, offer_id=street.loaf.id.hex, quantity="1")
    browser.get(browser.get(address).location)
    assert "麦香面包 全麦面包 20 朵" in browser.words
    assert "确认，付 20 朵给 麦香面包" in browser.words


def test_a_new_code_ends_the_older_one(street, visit):
    browser = visit(street.volunteer())
    make_code(browser)
    address = waiting_page(browser)
    make_code(browser)
    browser.get(address)
    assert "这个码过期了" in browser.words


def test_after_a_minute_the_code_is_over(street, visit):
    browser = visit(street.volunteer())
    make_code(browser)
    address = waiting_page(browser)
    clock.advance(seconds=60)
    browser.get(address)
    assert "这个码过期了 没有扣除任何红花。" in browser.words


def test_a_clerk_has_no_code_of_their_own(street, visit):
    browser = visit(street.clerk)
    assert browser.get("./my-code").status_code == 403
    assert browser.post("./my-code").status_code == 403


def test_nobody_watches_the_code_of_a_neighbour(street, visit):
    browser = visit(street.volunteer())
    make_code(browser)
    assert visit(street.volunteer(name="邻居")).get(waiting_page(browser)).status_code == 403


def test_a_stranger_and_an_unknown_code_find_nothing(street, visit):
    stranger = visit(open_neighbourhood("北塔社区").volunteer())
    assert stranger.get(f"/c/{street.id.hex}/my-code").status_code == 404
    assert visit(street.volunteer()).get("./my-code/nothing").status_code == 404


def test_a_code_is_only_for_the_signed_in(street, visit):
    browser = visit()
    assert browser.get(f"/c/{street.id.hex}/my-code").status_code == 401
    assert browser.post(f"/c/{street.id.hex}/my-code").status_code == 401
