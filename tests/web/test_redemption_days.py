"""The redemption day, the stall and complaints on pages."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from ledger.core import clock
from ledger.people import cards
from ledger.rewards import complaints, member_codes, redemptions
from tests.ledger.rewards.street import Street
from tests.web.browser import Browser


def actions(browser: Browser, ending: str) -> list[str]:
    return re.findall(rf'action="([^"]+/{ending})"', browser.page)


# --- the day ----------------------------------------------------------------------------------------------------


def test_an_admin_decides_and_everybody_reads_the_next_day(street, visit):
    admin, lin = visit(street.place.admin), visit(street.volunteer(100))
    lin.get("./")
    assert "兑换日" not in lin.words, "a community without a day has nothing of it"
    lin.get("./redemption-day")
    assert "社区没有固定的兑换日" in lin.words
    admin.get("./redemption-days")
    [path] = [one for one in actions(admin, "redemption-days") if not one.endswith("changes")]
    asked = {"from": "2026-11-20", "weekday": "1", "opens": "09:00", "closes": "11:30", "venue": "station"}
    assert admin.post(path, **asked, place="").status_code == 422
    assert admin.post(path, **(asked | {"closes": "08:00"}), place="红色驿站").status_code == 422
    admin.post(path, **asked, place="红色驿站", follow=True)
    assert "周一 09:00–11:30 2026年11月20日 起 · 红色驿站 现在的" in admin.words
    [path] = actions(admin, "changes")
    assert admin.post(path, day="2026-11-24", reason="检查").status_code == 409
    assert "不是每周的兑换日" in admin.words
    admin.post(path, day="2026-11-23", moved_to="2026-11-24", reason="消防检查", follow=True)
    assert "改到 2026年11月24日" in admin.words
    lin.get("./")
    assert "兑换日" in lin.words
    lin.get("./redemption-day")
    assert "原定 11月23日：消防检查" in lin.words
    assert "100 朵可用" in lin.words
    assert visit(street.clerk).get("./redemption-day").status_code == 200
    assert lin.get("./redemption-days").status_code == 403
    english = visit(street.volunteer(), language="en")
    english.get("./redemption-day")
    assert "Next redemption day" in english.words


# --- the stall --------------------------------------------------------------------------------------------------


@pytest.fixture
def card(street: Street) -> tuple[str, str]:
    """An elder's card with 50 flowers: its code and PIN."""
    handed = cards.hand_out(street.place.admin.actor, street.volunteer(50).member_id)
    return handed.code, handed.pin


def test_a_card_takes_two_posts_and_the_field_is_ready_for_the_next(street, card, visit):
    code, pin = card
    browser = visit(street.clerk)
    browser.get("./till")
    assert "摊位：一位接一位" in browser.words
    browser.get("./stall")
    first = browser.post("./stall", member_code=code, follow=True)
    assert first.status_code == 200
    assert "可用 50 朵" in browser.words
    [path] = actions(browser, "stall/[0-9a-f]+")
    offer = {"offer_id": street.loaf.id.hex, "quantity": "1"}
    wrong = "1357" if pin != "1357" else "2468"
    assert browser.post(path, **offer, pin=wrong).status_code == 409
    assert browser.post(path, **offer, pin="12").status_code == 422
    browser.post(path, **offer, pin=pin, follow=True)
    assert "全麦面包，20 朵，可以交货" in browser.words
    assert re.search(r'<input id="member_code"[^>]*autofocus', browser.page)
    assert "今日 1 笔，共 20 朵" in browser.words


def test_a_phone_waits_for_its_member_while_the_next_is_served(street, visit):
    lin = street.volunteer(50)
    browser = visit(street.clerk)
    browser.get("./stall")
    browser.post("./stall", member_code=member_codes.create_member_code(lin.actor).code, follow=True)
    [path] = actions(browser, "stall/[0-9a-f]+")
    answer = browser.post(path, offer_id=street.loaf.id.hex, quantity="1")
    browser.get(answer.location)
    assert "等本人在手机上确认" in browser.words
    [mine] = re.findall(r"done=([0-9a-f]{32})", answer.location)
    redemptions.confirm(lin.actor, UUID(mine))
    browser.get(answer.location)
    assert "可以交货" in browser.words
    assert browser.post("./stall", member_code="ZZZZ-ZZZZ-ZZZZ").status_code == 409
    assert visit(lin).get("./stall").status_code == 403


# --- complaints -------------------------------------------------------------------------------------------------


def test_a_member_complains_from_the_receipt_the_owner_answers_and_an_admin_closes(street, visit):
    lin = street.volunteer(100)
    receipt = f"./redemptions/{street.buy(lin).id.hex}"
    member = visit(lin)
    member.get(receipt)
    assert "对商品有意见" in member.words
    member.get(f"{receipt}/complaint")
    [path] = actions(member, "complaint")
    assert member.post(path, text="").status_code == 422
    member.post(path, text="面包发霉了", follow=True)
    assert "面包发霉了 11月20日 提出 · 12月2日 前答复" in member.words
    assert "对商品有意见" not in member.words, "one at a time"
    owner = visit(street.owner)
    owner.get("./complaints")
    assert "面包发霉了" in owner.words
    [path] = actions(owner, "answer")
    assert owner.post(path, answer="").status_code == 422
    owner.post(path, answer="来换一个", follow=True)
    office = visit(street.place.admin)
    office.get("./office")
    assert "兑换意见等处理" in office.words
    office.get("./complaints")
    [path] = actions(office, "close")
    assert office.post(path, outcome="refunded").status_code == 409
    assert "还没有退红花" in office.words
    office.post(path, outcome="replaced", note="当面换好", follow=True)
    member.get("./complaints/mine")
    assert "答复：来换一个 换了一份 ：当面换好" in member.words or "换了一份：当面换好" in member.words
    assert visit(street.clerk).get("./complaints").status_code == 403
    english = visit(street.place.treasurer, language="en")
    english.get("./complaints?status=closed")
    assert "Complaints about goods" in english.words
    board = visit(street.volunteer())
    board.get("./board")
    assert "没结案的兑换意见" in board.words


def test_a_complaint_past_its_day_stands_first_on_the_desk(street, visit):
    lin = street.volunteer(100)
    row = complaints.complain(lin.actor, street.buy(lin).id, words="坏了")
    clock.move_to(row.due_at)
    office = visit(street.place.admin)
    office.get("./office")
    assert "兑换意见过期未答" in office.words
    office.get("./complaints?overdue=true")
    assert "过期未答" in office.words
