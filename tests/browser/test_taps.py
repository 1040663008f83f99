"""The moments of the product, in the presses that it promises; and the check-in page on a slow line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from ledger.core import clock, workdays
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.programmes import see_programme
from tests.browser.people import Person
from tests.browser.town import Town
from tests.ledger.service.day import Day
from tests.ledger.service.doors import open_doors
from tests.ledger.settlement.office import Office

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

SLOW_LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 ms there and back, 400 kbit a second (in bytes)."""

MOST_SECONDS = 2.5


def test_a_member_pays_at_a_shop_with_two_presses_by_poster_or_by_code(town: Town, take: Take) -> None:
    member, clerk = take(town.street.volunteer(60)), take(town.street.clerk)
    member.open(town.shop_poster)
    member.press("全麦面包")
    member.press("确认，付 20 朵给 麦香面包")
    member.sees("兑换成功")
    assert member.clicks == 2
    member.open("./my-code")
    member.press("显示我的码")
    member.sees("请店员扫这个码")
    clerk.open("./till")
    clerk.type_in("member_code", member.page.locator(".typed").text_content() or "")
    clerk.page.keyboard.press("Enter")  # A scanner sends it by itself.
    clerk.press("全麦面包")
    clerk.sees("等待顾客确认")
    member.press("确认，付 20 朵给 麦香面包")
    clerk.sees("顾客已确认，可以交货")
    assert (member.clicks, clerk.clicks) == (2 + 2, 1)


def test_a_leader_with_nothing_to_report_says_so_with_one_press(town: Town, take: Take) -> None:
    place = town.street.place
    leader = place.volunteer()
    unit_id = place.micro_grid.id
    grants.give_post(place.admin.actor, leader.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=unit_id)
    person = take(leader)
    person.open("./")
    person.press("今天没有情况")
    person.sees("改写或补昨天的")
    assert person.clicks == 1


def test_on_a_slow_line_the_check_in_page_can_be_used_within_two_and_a_half_seconds(town: Town, take: Take) -> None:
    person = take(town.street.volunteer())
    person.open("./")  # The first page of a house is slower: it reads its templates.
    browser = person.page.context.new_cdp_session(person.page)
    browser.send("Network.enable")
    browser.send("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.send("Network.emulateNetworkConditions", SLOW_LINE)
    began = time.monotonic()
    person.page.goto(town.poster, wait_until="commit")
    person.page.get_by_role("button", name="签到").wait_for()
    took = time.monotonic() - began
    sys.stdout.write(f"check-in page at 400 ms and 400 kbit/s: usable after {took:.2f} s\n")
    assert took <= MOST_SECONDS


def test_an_owner_confirms_the_week_with_one_press_and_sees_when_money_comes(town: Town, take: Take) -> None:
    office, owner = Office(town.street), take(town.street.owner)
    office.buy()
    clock.advance(minutes=1)
    owner.open("/")
    owner.sees("没有结算单在等您", "本周至今", "¥2.00")
    statement = office.issue(office.one())
    owner.open("/")
    owner.sees("的结算单，请您确认", "自动确认")
    owner.press("确认收 ¥2.00")
    owner.sees("待审批")
    assert owner.clicks == 1
    office.pay(office.approve(office.read(statement)))
    owner.open("/")
    owner.sees("没有结算单在等您", "钱什么时候到", "已付款")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_volunteer_objects_to_a_visit_with_two_presses_and_reads_by_when_it_is_answered(
    town: Town, take: Take, javascript: bool
) -> None:
    volunteer = town.street.place.volunteer()
    came = Via(poster_code=town.patrol.poster_code)
    record_checkin(volunteer.actor, town.patrol.id, kind=Kind.IN, via=came)
    clock.advance(hours=1)
    visit = record_checkin(volunteer.actor, town.patrol.id, kind=Kind.OUT, via=came)
    person = take(volunteer, javascript=javascript)
    person.open(f"./checkins/{visit.id.hex}")
    person.press("记得不对？")
    person.press("时长不对")
    due = clock.local_day(workdays.end_after(clock.now(), 5))
    person.sees("时长不对", f"{due.month}月{due.day}日 前答复")
    assert person.clicks == 2


TO_PRESS, TO_THINK, TO_TYPE = 1.1, 1.35, 0.28
"""Seconds of a hand that points and presses, of a look before it, and of a character: the keystroke-level model
(Card, Moran, Newell 1980), an average person who is no typist."""

MOST_SECONDS_OF_A_VISIT = 30.0


def test_a_leader_leaves_a_visit_note_at_a_door_and_the_days_feedback_within_thirty_seconds(
    town: Town, take: Take
) -> None:
    """Both together: the plate is scanned on coming and on going by the phone's own scanner, a need is written down."""
    place = town.street.place
    programme = see_programme(place.admin.actor, town.patrol.programme_id).programme
    doors = open_doors(Day(place, programme, town.patrol))
    leader = doors.leader
    grants.give_post(place.admin.actor, leader.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=doors.part.id)
    person = take(leader)
    plate = f"/q/{doors.plates[0].code}"
    began = time.monotonic()
    person.open(plate)
    person.press("签到")
    person.sees("签到成功")
    person.open(plate)
    person.press("要写几句")
    person.type_in("need", "楼道灯不亮")
    person.press("老人照护")
    person.sees("签退成功")
    visit = (person.clicks, person.typed)
    person.open("/")
    person.press("今天没有情况")
    person.sees("没有情况")
    took = time.monotonic() - began + person.clicks * (TO_PRESS + TO_THINK) + person.typed * TO_TYPE
    sys.stdout.write(f"a door with a note, and the day's feedback: {took:.1f} s, {person.clicks} presses\n")
    assert (visit, person.clicks) == ((3, 5), 4)
    assert took <= MOST_SECONDS_OF_A_VISIT
