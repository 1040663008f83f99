"""The main job in a browser, from the poster to the paid week: on a phone of 360 × 740, with JavaScript and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Checkin
from tests.browser.people import Person
from tests.browser.town import Town
from tests.stories import next_phone
from tests.web.messages import code_for

pytestmark = pytest.mark.browser

Take = Callable[..., Person]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_scan_serve_stamp_redeem_and_settle(town: Town, take: Take, javascript: bool) -> None:
    volunteer = take(javascript=javascript)
    check_in_and_out(volunteer, town)
    stamp(take(town.street.place.stamper, desk=True, javascript=javascript))
    redeem_at_the_poster(volunteer, town)
    redeem_by_code(volunteer, take(town.street.clerk, javascript=javascript), javascript)
    settle(town, take, javascript)


def check_in_and_out(volunteer: Person, town: Town) -> None:
    """A newcomer scans, signs in, serves for two hours and scans again."""
    phone = next_phone()
    volunteer.open(town.poster)
    volunteer.sees("东门巡逻", "做完约得 40 朵")
    assert volunteer.spill() == 0
    volunteer.type_in("phone", phone)
    volunteer.press("获取验证码")
    volunteer.sees(f"验证码已发到 {phone}")
    volunteer.type_in("code", code_for(phone))
    volunteer.page.check("[value=service]")
    volunteer.press("登录并签到")
    volunteer.sees("签到成功", "离开时再扫一次")
    clock.advance(hours=2)
    volunteer.open(town.poster)
    volunteer.press("签退")
    volunteer.sees("签退成功", "服务 2 小时", "预计 40 朵")
    volunteer.root = re.match(r"/c/[0-9a-f]{32}", volunteer.page.url.removeprefix(volunteer.address))[0]


def stamp(stamper: Person) -> None:
    stamper.open("./stamps")
    stamper.sees("共 1 条")
    stamper.press("预览并盖章")
    stamper.sees("将要盖章")
    stamper.press("盖章，发出 40 朵")
    stamper.sees("盖好了")


def redeem_at_the_poster(volunteer: Person, town: Town) -> None:
    """The balance shows; the member scans the counter's poster, picks, confirms and shows the receipt."""
    volunteer.open("./")
    volunteer.sees("40", "朵可用", "服务 2 小时")
    volunteer.open(town.shop_poster)
    volunteer.sees("麦香面包", "您有 40 朵可用")
    volunteer.press("全麦面包")
    volunteer.sees("确认后还剩 20 朵")
    volunteer.press("确认，付 20 朵给 麦香面包")
    volunteer.sees("兑换成功，请给店员看这一页", "凭证末四位")
    volunteer.open("./")
    volunteer.sees("20", "朵可用", "麦香面包 · 全麦面包")


def redeem_by_code(volunteer: Person, clerk: Person, javascript: bool) -> None:
    """The member shows a code, the clerk picks, the member's own phone confirms, the till shows it."""
    volunteer.open("./my-code")
    volunteer.press("显示我的码")
    volunteer.sees("请店员扫这个码")
    clerk.open("./till")
    clerk.type_in("member_code", volunteer.page.locator(".typed").text_content() or "")
    clerk.press("看能用什么")
    clerk.press("全麦面包")
    clerk.sees("等待顾客确认")
    if not javascript:
        volunteer.press("店员扫好了")
    volunteer.sees("请在 14:15 前确认")
    volunteer.press("确认，付 20 朵给 麦香面包")
    volunteer.sees("兑换成功")
    clerk.sees("顾客已确认，可以交货")
    volunteer.open("./")
    volunteer.sees("0", "朵可用")


def settle(town: Town, take: Take, javascript: bool) -> None:
    """Monday: the admin issues, the owner confirms, the treasurer approves, the admin pays."""
    place = town.street.place
    admin, treasurer = (take(one, desk=True, javascript=javascript) for one in (place.admin, place.treasurer))
    owner = take(town.street.owner, javascript=javascript)
    clock.advance(days=3)
    admin.open("./settlements")
    admin.press("结算第 47 周")
    for person, button in (
        (admin, "出单 ¥4.00 给 麦香面包"),
        (owner, "确认收 ¥4.00"),
        (treasurer, "审批 ¥4.00 给 麦香面包"),
    ):
        person.open("./settlements")
        person.page.locator("td a").first.click()
        person.press(button)
        expect(person.page.locator("button").filter(has_text=button)).to_have_count(0)
    admin.page.reload()
    admin.type_in("reference", "ICBC-20261123-0001")
    admin.press("已付 ¥4.00 给 麦香面包")
    admin.sees("已付款", "ICBC-20261123-0001")
    assert owner.spill() == 0


def test_a_hundred_visits_are_stamped_with_three_clicks_and_undone_with_one(town: Town, take: Take) -> None:
    hundred_wait(town)
    stamper = take(town.street.place.stamper, desk=True)
    stamper.open("./office")
    stamper.press("服务等盖章")
    stamper.sees("选了 100 条")
    stamper.press("预览并盖章")
    stamper.press("盖章，发出 4,000 朵")
    stamper.sees("100 条服务，发出 4,000 朵")
    assert stamper.clicks <= 3
    stamper.press("撤销这一批")
    stamper.sees("这一批在", "撤销了")
    assert stamper.clicks <= 3 + 2


@atomic
def hundred_wait(town: Town) -> None:
    """One visit by the verbs, and its row a hundred times over."""
    lin, via = town.street.place.volunteer(), Via(poster_code=town.patrol.poster_code)
    record_checkin(lin.actor, town.patrol.id, kind=Kind.IN, via=via)
    clock.advance(hours=2)
    visit = record_checkin(lin.actor, town.patrol.id, kind=Kind.OUT, via=via)
    row = {column.name: getattr(visit, column.name) for column in Checkin.__table__.columns}
    rows = [row | {"id": new_id(), "visit": number} for number in range(2, 101)]
    db.session.execute(insert(Checkin), rows)
