"""Pages of vouchers: bought with the amount named, shown at a counter, confirmed, returned, blocked, found."""

from __future__ import annotations

import pytest

from ledger.rewards import vouchers
from ledger.rewards.models import OfferKind
from tests.ledger.rewards.street import Street
from tests.web.browser import Browser


def new(street: Street, quantity: int = 1) -> str:
    return f"./vouchers/new?offer_id={street.loaf.id.hex}&quantity={quantity}"


@pytest.mark.parametrize(
    ("language", "button", "done"),
    [("zh", "确认，用 40 朵买这张券", "到店里出示我的码"), ("en", "Confirm, pay 40 flowers", "Show your code")],
)
def test_a_member_buys_with_the_amount_named(street, visit, language, button, done):
    lin = street.volunteer()
    browser = visit(lin, language=language)
    browser.get("./rewards")
    assert f"/vouchers/new?offer_id={street.loaf.id.hex}" in browser.page
    browser.get(new(street, 2))
    assert button in browser.words
    browser.post("./vouchers", follow=True, offer_id=street.loaf.id.hex, quantity="2")
    assert done in browser.words
    assert street.available(lin) == 60
    browser.get("./vouchers")
    assert "全麦面包 × 2" in browser.words
    browser.get("./")
    assert "/vouchers" in browser.page


def test_what_cannot_be_bought_says_why_and_has_no_button(street, visit):
    browser = visit(street.volunteer(10))
    browser.get(new(street))
    assert "确认，用" not in browser.words
    assert "红花不够" in browser.words or "不足" in browser.words
    own = street.offer(kind=OfferKind.SHOP_POINTS, name="店内积分", points=5)
    browser.get("./rewards")
    assert own.id.hex not in browser.page
    assert browser.post("./vouchers", offer_id=own.id.hex, quantity="1").status_code in (409, 422)


def open_visit(street: Street, browser: Browser, person) -> str:
    answer = browser.post("./till", member_code=street.code_of(person).code)
    browser.get(answer.location)
    return answer.location


def test_the_counter_takes_it_and_the_member_confirms(street, visit):
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    till, phone = visit(street.clerk), visit(lin)
    at = open_visit(street, till, lin)
    assert "买好的券" in till.words
    waiting = till.post(f"{at}/vouchers/{voucher.id.hex}", follow=True)
    assert "用的是买好的券" in till.words
    redemption = waiting.request.path.rpartition("/")[2]
    phone.get(f"./redemptions/{redemption}")
    assert "用买好的券，不再付红花" in phone.words
    assert "确认，在 麦香面包 用掉这张券（20 朵）" in phone.words
    phone.post(f"./redemptions/{redemption}/confirm", follow=True)
    assert "兑换成功" in phone.words
    phone.get(f"./vouchers/{voucher.id.hex}")
    assert "已用掉" in phone.words
    phone.get("./redemptions")
    assert "用券" in phone.words
    assert street.available(lin) == 80


def test_it_is_returned_with_the_amount_named_and_blocked_from_the_card(street, visit):
    lin = street.volunteer()
    voucher = vouchers.buy(lin.actor, street.loaf.id)
    browser, office = visit(lin), visit(street.place.admin)
    browser.get(f"./vouchers/{voucher.id.hex}")
    assert "退券，拿回 20 朵" in browser.words
    office.get(f"./office/vouchers?number={voucher.number[:8]}")
    assert voucher.number in office.words
    office.get(f"./vouchers/{voucher.id.hex}")
    office.post(f"./vouchers/{voucher.id.hex}/block", follow=True)
    browser.post(f"./vouchers/{voucher.id.hex}/return")
    assert "这张券已锁住" in browser.words
    assert "要用的话，请社区解锁" in browser.words
    office.post(f"./vouchers/{voucher.id.hex}/unblock", follow=True)
    browser.get(f"./vouchers/{voucher.id.hex}")
    browser.post(f"./vouchers/{voucher.id.hex}/return", follow=True)
    assert "已退券" in browser.words
    assert street.available(lin) == 100


def test_the_offices_list_is_for_the_office_and_the_shop(street, visit):
    lin = street.volunteer()
    vouchers.buy(lin.actor, street.loaf.id)
    people = (street.place.admin, street.owner, lin)
    assert [visit(one).get("./office/vouchers").status_code for one in people] == [200, 200, 403]
    shop = visit(street.owner, language="en")
    shop.get("./office/vouchers")
    assert "Can be used" in shop.words
    assert "林秀芳" not in shop.words


def test_without_vouchers_the_page_leads_to_the_shops(street, visit):
    browser = visit(street.volunteer())
    browser.get("./vouchers")
    assert "还没有券" in browser.words
