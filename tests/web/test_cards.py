"""Pages of the paper cards: the sheet, a member's card, the counter and the activity."""

from __future__ import annotations

import re
from collections.abc import Callable

from ledger.people import cards
from tests.ledger.rewards.street import Street
from tests.ledger.service.day import Day
from tests.web.browser import Browser

Visit = Callable[..., Browser]


def test_a_sheet_is_made_and_printed_with_a_page_for_every_ten(street: Street, visit: Visit):
    desk = visit(street.place.admin)
    desk.get("./cards")
    assert desk.post("./cards", count="12", unit_id=street.place.root.id.hex, follow=True).status_code == 200
    assert desk.page.count('class="paper"') == 2
    assert desk.page.count('class="paper-card"') == 12
    desk.get("./cards")
    assert "12" in desk.words


def test_staff_hand_out_a_card_and_the_pin_is_shown_once(street: Street, visit: Visit):
    lin, desk = street.volunteer(), visit(street.place.coordinator)
    page = f"./members/{lin.member_id.hex}/card"
    desk.get(page)
    assert desk.post(page, pin="1234").status_code == 409
    assert desk.post(page, pin="12").status_code == 422
    assert desk.post(page, pin="4827").status_code == 200
    assert "4827" in desk.words
    desk.get(page)
    assert "4827" not in desk.words
    assert desk.post(f"{page}/pin").status_code == 200
    assert "密码只显示这一次" in desk.words
    mine = visit(lin)
    mine.get("./my-card")
    assert "在用" in mine.words
    assert mine.post(f"{page}/lost", follow=True).status_code == 200
    assert "已挂失" in mine.words


def test_at_the_counter_one_field_takes_a_card_and_the_pin_confirms(street: Street, visit: Visit):
    lin, clerk = street.volunteer(100), visit(street.clerk)
    code = cards.hand_out(street.place.coordinator.actor, lin.member_id, pin="4827").code
    assert clerk.get("./card").location.endswith("/till")
    clerk.get("./till")
    assert clerk.post("./till", member_code="2222-2222").status_code == 409
    answer = clerk.post("./till", member_code=f"https://example.org/c/x/card#{code}", follow=False)
    visit_page = answer.location
    clerk.get(visit_page)
    assert 'name="pin" type="password"' in clerk.page
    assert clerk.post(visit_page, offer_id=street.loaf.id.hex, quantity="1", pin="0005").status_code == 409
    assert "密码不对。" in clerk.words
    assert clerk.post(visit_page, offer_id=street.loaf.id.hex, quantity="1", pin="x").status_code == 422
    done = clerk.post(visit_page, offer_id=street.loaf.id.hex, quantity="1", pin="4827")
    clerk.get(done.location)
    assert "顾客已确认，可以交货" in clerk.words
    assert street.available(lin) == 80


def test_at_the_activity_card_after_card_is_typed(day: Day, visit: Visit):
    elder, desk = day.place.volunteer(), visit(day.place.coordinator)
    code = cards.hand_out(day.place.coordinator.actor, elder.member_id).code
    page = f"./activities/{day.activity.id.hex}/cards"
    desk.get(page)
    assert desk.post(page, kind="in", member_code=code.lower(), follow=True).status_code == 200
    assert "林秀芳 已签到" in desk.words
    assert desk.post(page, kind="out", member_code=code, follow=True).status_code == 200
    assert "林秀芳 已签退" in desk.words
    assert desk.post(page, kind="in", member_code="2222-2222").status_code == 409
    assert desk.post(page, kind="in", member_code="").status_code == 422
    assert visit(day.place.volunteer("邻居")).get(page).status_code == 403


def test_the_code_stands_behind_the_hash_of_the_qr_and_in_no_address(street: Street, visit: Visit):
    desk = visit(street.place.admin)
    desk.get("./cards")
    desk.post("./cards", count="1", unit_id=street.place.root.id.hex, follow=True)
    [code] = re.findall(r'class="paper-code">([^<]+)', desk.page)
    assert f"/{code}" not in desk.page
    assert f"={code}" not in desk.page


def test_every_flower_stands_on_its_card_with_its_day_and_its_proof(day: Day, visit: Visit):
    lin = day.place.volunteer()
    day.stamped(lin)
    mine = visit(lin)
    mine.get("./my-card")
    address = f"./members/{lin.member_id.hex}/card/flowers"
    assert address.removeprefix(".") in mine.page
    mine.get(address)
    assert "第 1 张" in mine.words
    assert "早间巡逻" in mine.words
    assert mine.page.count('aria-hidden="true"><svg') == 9
    [proof] = re.findall(r'href="([^"]+/receipts/[^"]+)"', mine.page)
    assert mine.get(proof).status_code == 200
    assert "第 1 张" in visit(day.place.coordinator).get(address).text
    assert visit(day.place.volunteer()).get(address).status_code == 403
