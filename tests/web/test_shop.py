"""What points can be had for: the list of all shops, and the poster on a counter."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from ledger.people import members
from ledger.rewards import agreements, receipts
from ledger.rewards.models import OfferKind
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour, open_neighbourhood
from tests.web.browser import Browser


def poster(street: Street) -> str:
    return f"/s/{street.poster.code}"


def pick(browser: Browser, street: Street, **fields: object) -> TestResponse:
    browser.get(poster(street))
    return browser.post(poster(street), **({"offer_id": street.loaf.id.hex, "quantity": "1"} | fields))


def redeemed_by(person: Neighbour) -> list[str]:
    return [one.status.value for one in receipts.list_redemptions(person.actor, mine=True)]


# --- all shops ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "您有 100 朵可用"), ("en", "100 flowers")])
def test_the_list_has_every_shop_with_what_it_offers(street, visit, language, words):
    browser = visit(street.volunteer(), language=language)
    assert browser.get("./rewards").status_code == 200
    assert words in browser.words
    assert "麦香面包 东门店 · 南华街 1 号 全麦面包" in browser.words


def test_what_cannot_be_had_now_says_why_and_comes_last(street, visit):
    street.offer(name="蛋糕", points=5, weekdays=1)
    browser = visit(street.volunteer())
    browser.get("./rewards")
    assert "蛋糕 商品 · 周一 5 朵 先买成券 今天不能兑换这一项。" in browser.words
    assert browser.words.index("蛋糕") > browser.words.index("全麦面包")


def test_an_offer_says_when_and_how_it_can_be_had(street, visit):
    street.offer(
        kind=OfferKind.WAIVER_CARD, name="减五元", points=5, weekdays=3, minimum_bill_fen=3000, per_member_per_week=2
    )
    browser = visit(street.volunteer())
    browser.get("./rewards")
    assert "减免卡 · 周一、周二 · 满 ¥30.00 可用 · 每人每周 2 份" in browser.words


def test_without_shops_the_list_says_so(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./rewards")
    assert "还没有签约商户" in browser.words


def test_the_list_is_for_members(street, visit):
    stranger = open_neighbourhood("北塔社区").volunteer()
    address = f"/c/{street.id.hex}/rewards"
    assert [visit(who).get(address).status_code for who in (None, stranger, street.clerk)] == [401, 404, 403]


# --- the poster on the counter ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "登录后兑换"), ("en", "Sign in")])
def test_anybody_who_scans_the_poster_sees_what_there_is_and_the_way_in(street, visit, language, words):
    browser = visit(language=language)
    assert browser.get(poster(street)).status_code == 200
    assert words in browser.words
    assert "全麦面包" in browser.words
    assert f"/sign-in?next={poster(street)}" in browser.page


def test_looking_reserves_nothing(street, visit):
    person = street.volunteer()
    visit(person).get(poster(street))
    assert redeemed_by(person) == []


def test_picking_reserves_and_leads_to_the_confirmation(street, visit):
    person = street.volunteer()
    browser = visit(person)
    browser.get(pick(browser, street).location)
    assert redeemed_by(person) == ["reserved"]
    assert "确认，付 20 朵给 麦香面包" in browser.words


def test_pressing_twice_reserves_once(street, visit):
    person = street.volunteer()
    browser = visit(person)
    answers = [pick(browser, street, key="one press") for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert redeemed_by(person) == ["reserved"]


def test_what_is_too_dear_has_no_button_but_the_reason(street, visit):
    browser = visit(street.volunteer(points=19))
    browser.get(poster(street))
    assert "现在不能换 全麦面包" in browser.words
    assert 'name="offer_id"' not in browser.page


def test_a_refusal_is_said_on_the_page(street, visit):
    person = street.volunteer()
    browser = visit(person)
    browser.get(poster(street))
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    answer = browser.post(poster(street), offer_id=street.loaf.id.hex, quantity="1")
    assert answer.status_code == 409
    assert 'role="alert"' in browser.page
    assert redeemed_by(person) == []


def test_a_form_that_is_none_of_ours_is_refused(street, visit):
    person = street.volunteer()
    browser = visit(person)
    for quantity in ("0", "-1", "100", "x", "9" * 30):
        assert pick(browser, street, quantity=quantity).status_code == 422, quantity
    assert redeemed_by(person) == []


def test_a_card_with_a_minimum_asks_for_the_bill_in_yuan(street, visit):
    card = street.offer(kind=OfferKind.WAIVER_CARD, name="减五元", points=5, minimum_bill_fen=3000)
    person = street.volunteer()
    browser = visit(person)
    browser.get(poster(street))
    assert "账单金额（元），满 ¥30.00 可用" in browser.words
    assert pick(browser, street, offer_id=card.id.hex, bill_fen="29.99").status_code == 409
    assert pick(browser, street, offer_id=card.id.hex, bill_fen="30").status_code == 303
    assert receipts.list_redemptions(person.actor, mine=True)[0].redemption.bill_fen == 3000


def test_a_card_says_bill_discount_and_what_is_left_before_and_after(street, visit):
    terms = {"minimum_bill_fen": 10_000, "discount_fen": 2_000, "shop_bears_percent": 30}
    card = street.offer(kind=OfferKind.WAIVER_CARD, name="满百减二十", points=30, **terms)
    person = street.volunteer()
    browser = visit(person)
    browser.get(poster(street))
    assert "满 ¥100.00 可用 · 减 ¥20.00 · 其中商户承担 30%" in browser.words
    address = pick(browser, street, offer_id=card.id.hex, bill_fen="123.45").location
    for step in ("", "/confirm"):
        browser.post(f"{address}{step}", follow=True) if step else browser.get(address)
        assert "账单 ¥123.45 减免 −¥20.00 还要付 ¥103.45" in browser.words
    desk = visit(street.place.admin)
    new = f"./merchants/{street.bakery.id.hex}/offers"
    desk.get(f"{new}/new")
    asked = {"name": "九折卡", "kind": "discount_card", "points": "30", "weekday": "1", "minimum_bill_fen": "50"}
    drafted = desk.post(new, **asked, discount_fen="15", discount_percent="10", shop_bears_percent="50", follow=True)
    assert drafted.status_code == 200
    assert "减账单的 10%，最多 ¥15.00 · 其中商户承担 50%" in desk.words


def test_a_poster_of_no_shop_says_so(street, visit):
    browser = visit(street.volunteer())
    for code in ("NH-NOTHERE", "XX-7KQ2M4X", "x", "🌺"):
        answer = browser.get(f"/s/{code}")
        assert (answer.status_code, answer.mimetype) == (409, "text/html"), code


def test_an_offer_that_is_not_there_is_not_found(street, visit):
    assert pick(visit(street.volunteer()), street, offer_id="nothing").status_code == 404


def test_a_neighbour_of_another_community_sees_how_to_join(street, visit):
    stranger = open_neighbourhood("北塔社区").volunteer()
    browser = visit(stranger)
    browser.get(poster(street))
    assert "您还不是这个社区的志愿者" in browser.words
    assert pick(browser, street).status_code == 404
    assert members.member_of(street.id, stranger.person_id) is None


def test_the_shops_own_clerk_sees_the_offers_and_no_button(street, visit):
    browser = visit(street.clerk)
    browser.get(poster(street))
    assert 'name="offer_id"' not in browser.page
    assert pick(browser, street).status_code == 403


def test_picking_without_signing_in_leads_back_to_the_poster(street, visit):
    browser = visit()
    assert pick(browser, street).status_code == 401
    assert browser.value("next") == poster(street)
