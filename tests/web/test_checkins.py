"""Checking in from the poster, checking out, and one's own services: with nothing but forms."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from api.auth import COOKIE
from ledger.core import clock
from ledger.people import consents, members, phones
from ledger.people.models import Purpose
from ledger.service import activities, queue
from ledger.service.models import Checkin, CheckinState, Decision
from ledger.service.queue import CheckinView
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day
from tests.stories import Neighbour, next_phone, open_neighbourhood
from tests.web.browser import Browser
from tests.web.messages import code_for


def poster(day: Day) -> str:
    return f"/q/{day.activity.poster_code}"


def scan(browser: Browser, day: Day) -> TestResponse:
    return browser.get(poster(day))


def press(browser: Browser, day: Day, kind: str = "in", *, key: str | None = None, **fields: object) -> TestResponse:
    """The button of the page one looks at."""
    return browser.post(poster(day), key=key, grant=browser.value("grant"), kind=kind, **fields)


def check_in(browser: Browser, day: Day) -> TestResponse:
    scan(browser, day)
    return press(browser, day)


def check_out(browser: Browser, day: Day) -> TestResponse:
    scan(browser, day)
    return press(browser, day, "out")


def visits_of(person: Neighbour) -> list[CheckinView]:
    return queue.list_checkins(person.actor, member_id=person.member_id)


@pytest.fixture
def volunteer(day: Day) -> Neighbour:
    return day.place.volunteer()


# --- a volunteer who is signed in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "扫到了 早间巡逻 东门"), ("en", "Check in")])
def test_the_page_behind_the_poster_says_what_where_and_when(day, volunteer, visit, language, words):
    browser = visit(volunteer, language=language)
    assert scan(browser, day).status_code == 200
    assert words in browser.words
    assert "09:00–11:00" in browser.words


def test_looking_at_the_poster_records_nothing(day, volunteer, visit):
    browser = visit(volunteer)
    for _ in range(3):
        scan(browser, day)
    assert visits_of(volunteer) == []


def test_one_press_checks_in_and_leads_to_what_comes_next(day, volunteer, visit):
    browser = visit(volunteer)
    clock.move_to(NINE)
    browser.get(check_in(browser, day).location)
    [visited] = visits_of(volunteer)
    assert (visited.checkin.state, visited.checkin.evidence) == (CheckinState.OPEN, "poster")
    assert "签到成功" in browser.words
    assert "离开时再扫一次" in browser.words
    assert "预计 10 朵" in browser.words


def test_the_same_poster_checks_out_the_one_who_is_checked_in(day, volunteer, visit):
    browser = visit(volunteer)
    clock.move_to(NINE)
    check_in(browser, day)
    clock.move_to(ELEVEN)
    scan(browser, day)
    assert "今天 09:00 签到，服务中" in browser.words
    browser.get(press(browser, day, "out").location)
    [visited] = visits_of(volunteer)
    assert (visited.checkin.state, visited.checkin.minutes) == (CheckinState.PENDING, 120)
    assert "签退成功" in browser.words


def test_who_is_done_sees_the_service_instead_of_a_button(day, volunteer, visit):
    done = day.served(volunteer)
    browser = visit(volunteer)
    assert scan(browser, day).location == f"{browser.root}/checkins/{done.id.hex}"


def test_pressing_twice_checks_in_once_and_leads_to_the_same_page(day, volunteer, visit):
    browser = visit(volunteer)
    scan(browser, day)
    grant = browser.value("grant")
    answers = [browser.post(poster(day), key="one press", grant=grant, kind="in") for _ in range(2)]
    assert answers[0].location == answers[1].location
    assert len(visits_of(volunteer)) == 1


def test_a_refusal_is_said_on_the_page_with_its_next_step(day, volunteer, visit):
    browser = visit(volunteer)
    scan(browser, day)
    assert press(browser, day, "out").status_code == 409
    assert "这里没有待签退的签到。 请先签到；已签退的不用再签。" in browser.words


def test_entering_elsewhere_says_that_it_ends_the_first_service(day, volunteer, visit):
    day.arrive(volunteer, NINE)
    other = day.another_activity()
    browser = visit(volunteer)
    browser.get(f"/q/{other.poster_code}")
    assert "您还在“早间巡逻”服务 在这里签到，那边就自动签退。" in browser.words


def test_a_changing_code_of_a_screen_opens_the_same_page_with_better_evidence(day, volunteer, visit):
    clock.move_to(NINE)
    address = f"/q/{day.live_code(NINE)}"
    browser = visit(volunteer)
    browser.get(address)
    clock.move_to(NINE + timedelta(minutes=5))
    browser.post(address, grant=browser.value("grant"), kind="in")
    assert visits_of(volunteer)[0].checkin.evidence == "live_code"


def test_a_small_letter_code_is_read_too(day, volunteer, visit):
    assert visit(volunteer).get(poster(day).lower()).status_code == 200


def test_an_unknown_code_says_so(day, volunteer, visit):
    browser = visit(volunteer)
    for code in ("NH-NOTTHISONE", "XX-7KQ2M4XW77", "x", "NH", "🌺-🌺", "a" * 500):
        assert browser.get(f"/q/{code}").status_code == 409, code
        assert "请重新扫描现场的二维码。" in browser.words


def test_a_cancelled_activity_says_so(day, volunteer, visit):
    activities.cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    assert scan(visit(volunteer), day).status_code == 409


def test_too_early_there_is_no_button_but_the_reason(day, volunteer, visit):
    clock.move_to(NINE - timedelta(hours=12) - SECOND)
    browser = visit(volunteer)
    assert scan(browser, day).status_code == 200
    assert "离这次活动的时间超过 12 小时。" in browser.words
    assert 'name="kind"' not in browser.page


def test_a_scan_of_more_than_ten_minutes_ago_is_offered_again(day, volunteer, visit):
    browser = visit(volunteer)
    scan(browser, day)
    clock.advance(minutes=10)
    assert press(browser, day).status_code == 409
    assert "扫码已过期。" in browser.words
    assert press(browser, day).status_code == 303


def test_a_forged_scan_records_nothing(day, volunteer, visit):
    browser = visit(volunteer)
    scan(browser, day)
    for grant in ("", "x", "x.y", "🌺", "a" * 5000):
        assert browser.post(poster(day), grant=grant, kind="in").status_code == 409, grant
    assert visits_of(volunteer) == []


def test_a_kind_that_does_not_exist_is_no_form_of_ours(day, volunteer, visit):
    browser = visit(volunteer)
    scan(browser, day)
    assert press(browser, day, "around").status_code == 422


# --- somebody who is not signed in --------------------------------------------------------------------------------


def begin(browser: Browser, day: Day, phone: str) -> None:
    """The poster is scanned and the phone number typed: the page asks for the code."""
    scan(browser, day)
    press(browser, day, phone=phone)


def finish(browser: Browser, day: Day, phone: str, **fields: object) -> TestResponse:
    return press(browser, day, phone=phone, code=code_for(phone), **fields)


def test_a_newcomer_gives_phone_and_code_and_is_checked_in_and_a_member(day, visit):
    browser, phone = visit(), next_phone()
    clock.move_to(NINE)
    begin(browser, day, phone)
    answer = finish(browser, day, phone, consents=["service"])
    assert answer.status_code == 303
    browser.get(answer.location)
    assert "签到成功" in browser.words
    member = members.member_of(day.place.id, phones.person_with(phone))
    assert member.name == f"志愿者{phone[-4:]}"
    assert browser.client.get_cookie(COOKIE) is not None


def test_a_slow_sign_in_loses_nothing_of_the_scan(day, visit):
    browser, phone = visit(), next_phone()
    clock.move_to(NINE)
    begin(browser, day, phone)
    clock.advance(minutes=4)
    finish(browser, day, phone, consents=["service"])
    member = members.member_of(day.place.id, phones.person_with(phone))
    [visited] = queue.list_checkins(day.place.admin.actor, member_id=member.id)
    assert visited.checkin.arrived_at == NINE


def test_who_never_agreed_is_asked_beside_the_button_and_the_scan_is_kept(day, visit):
    browser, phone = visit(), next_phone()
    begin(browser, day, phone)
    grant = browser.value("grant")
    answer = finish(browser, day, phone)
    assert answer.status_code == 409
    assert "加入前需要您同意服务条款。" in browser.words
    assert browser.value("grant") == grant
    assert press(browser, day, consents=["service"]).status_code == 303


def test_a_member_entered_by_staff_agrees_at_the_first_check_in(day, visit):
    phone = next_phone()
    member = members.add_member(day.place.admin.actor, "马奶奶", phone=phone)
    browser = visit()
    begin(browser, day, phone)
    assert finish(browser, day, phone, consents=["service"]).status_code == 303
    assert consents.given_by(member.person_id) == {Purpose.SERVICE}


def test_a_returning_volunteer_on_a_new_phone_needs_no_tick(day, visit):
    phone = next_phone()
    member = members.add_member(day.place.admin.actor, "马奶奶", phone=phone)
    consents.give(member.person_id, [Purpose.SERVICE])
    browser = visit()
    begin(browser, day, phone)
    assert finish(browser, day, phone).status_code == 303


def test_who_turns_out_to_be_checked_in_is_asked_before_checking_out(day, visit):
    phone = next_phone()
    member = members.add_member(day.place.admin.actor, "马奶奶", phone=phone)
    consents.give(member.person_id, [Purpose.SERVICE])
    for _ in range(2):
        browser = visit()
        begin(browser, day, phone)
        answer = finish(browser, day, phone)
    assert answer.status_code == 200
    assert browser.value("kind") == "out"
    assert press(browser, day, "out").status_code == 303


def test_a_wrong_code_keeps_scan_and_number(day, visit):
    browser, phone = visit(), next_phone()
    begin(browser, day, phone)
    grant = browser.value("grant")
    wrong = "000000" if code_for(phone) != "000000" else "111111"
    assert press(browser, day, phone=phone, code=wrong).status_code == 409
    assert "验证码不对。" in browser.words
    assert (browser.value("grant"), browser.value("phone")) == (grant, phone)


def test_another_code_can_be_asked_for_without_scanning_again(day, visit):
    browser, phone = visit(), next_phone()
    begin(browser, day, phone)
    assert press(browser, day, phone=phone, code="", again="1").status_code == 200
    assert finish(browser, day, phone, consents=["service"]).status_code == 303


def test_a_wrong_number_is_said_beside_the_field(day, visit):
    browser = visit()
    scan(browser, day)
    assert press(browser, day, phone="12").status_code == 422
    assert "请填写 11 位手机号。" in browser.words


def test_a_member_of_another_community_joins_by_checking_in(day, visit, context):
    other = open_neighbourhood("北塔社区")
    person = other.volunteer("北塔人")
    browser = visit(person)
    assert check_in(browser, day).status_code == 303
    assert members.member_of(day.place.id, person.person_id) is not None


# --- my services --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "还没有服务记录"), ("en", "service")])
def test_without_a_service_the_list_says_how_to_begin(day, volunteer, visit, language, words):
    browser = visit(volunteer, language=language)
    assert browser.get("./checkins").status_code == 200
    assert words in browser.words


def test_the_list_has_what_each_month_brought(day, volunteer, visit):
    day.stamped(volunteer)
    browser = visit(volunteer)
    browser.get("./checkins")
    assert "2026年11月 2 小时 · 10 朵" in browser.words
    assert "早间巡逻 今天 09:00 · 2 小时 +10 已盖章" in browser.words


def test_a_long_list_goes_on_on_the_next_page(day, volunteer, visit, monkeypatch):
    monkeypatch.setattr("web.checkins.PAGE_SIZE", 1)
    day.served(volunteer)
    clock.move_to(ELEVEN)
    day.arrive(volunteer, to=day.another_activity(starts_at=ELEVEN, ends_at=ELEVEN + timedelta(hours=1)))
    browser = visit(volunteer)
    browser.get("./checkins")
    assert ("送餐" in browser.words, "早间巡逻" in browser.words) == (True, False)
    following = re.search(r'href="([^"]*cursor=[^"]*)"', browser.page)
    browser.get(following[1])
    assert ("送餐" in browser.words, "早间巡逻" in browser.words) == (False, True)


def test_a_cursor_that_is_none_is_no_fault(day, volunteer, visit):
    browser = visit(volunteer)
    cursors = ("x", "0" * 32, "a" * 300, "🌺")
    assert {browser.get(f"./checkins?cursor={cursor}").status_code for cursor in cursors} == {200}


def test_a_waiting_service_says_when_it_will_be_stamped(day, volunteer, visit):
    waiting = day.served(volunteer)
    browser = visit(volunteer)
    browser.get(f"./checkins/{waiting.id.hex}")
    assert "等待社区盖章 一般在" in browser.words
    assert "预计 10 朵" in browser.words
    clock.advance(days=9)
    browser.get(f"./checkins/{waiting.id.hex}")
    assert "预计 10 朵，盖章比平时晚了" in browser.words


def test_a_returned_service_says_why(day, volunteer, visit):
    waiting = day.served(volunteer)
    stamp_checkins(day.place.stamper.actor, [waiting.id], decision=Decision.RETURN, note="请补照片")
    browser = visit(volunteer)
    browser.get(f"./checkins/{waiting.id.hex}")
    assert "已退回，请看说明后更正 请补照片" in browser.words


@pytest.mark.parametrize(("language", "words"), [("zh", "2 小时 × 5 = 10 朵"), ("en", "2 h × 5 = 10 flowers")])
def test_a_stamped_service_explains_its_flowers_in_the_readers_language(day, volunteer, visit, language, words):
    day.stamped(volunteer)
    browser = visit(volunteer, language=language)
    browser.get(f"./checkins/{visits_of(volunteer)[0].checkin.id.hex}")
    assert words in browser.words


def test_nobody_sees_the_service_of_a_neighbour(day, volunteer, visit):
    waiting: Checkin = day.served(volunteer)
    assert visit(day.place.volunteer("邻居")).get(f"./checkins/{waiting.id.hex}").status_code == 403


def test_a_stranger_finds_nothing(day, volunteer, visit):
    stranger = open_neighbourhood("北塔社区").volunteer("外人")
    assert visit(stranger).get(f"/c/{day.place.id.hex}/checkins").status_code == 404
    assert visit(volunteer).get("./checkins/nothing").status_code == 404


def test_without_signing_in_the_list_asks_for_it(day, visit):
    browser = visit()
    assert browser.get(f"/c/{day.place.id.hex}/checkins").status_code == 401
    assert "您的手机号" in browser.words
