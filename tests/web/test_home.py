"""A volunteer's home: the card, what waits for a hand, what comes, what happened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.service.models import Decision
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE
from tests.stories import open_neighbourhood


@pytest.mark.parametrize(("language", "words"), [("zh", "林秀芳，您好"), ("en", "林秀芳")])
def test_home_greets_by_name(day, visit, language, words):
    browser = visit(day.place.volunteer(), language=language)
    assert browser.get("./").status_code == 200
    assert words in browser.words


def test_a_new_card_is_empty_and_says_where_the_first_flower_comes_from(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./")
    assert "0 朵可用" in browser.words
    assert "第一朵红花就从那里开始" in browser.words
    assert "这一页红花卡：0 / 10" in browser.page


def test_a_stamped_service_is_a_flower_with_its_date(day, visit):
    person = day.place.volunteer()
    day.stamped(person)
    browser = visit(person)
    browser.get("./")
    assert "10 朵可用 服务 2 小时 11.20" in browser.words
    assert "这一页红花卡：1 / 10" in browser.page


def test_what_waits_for_the_stamp_is_not_spendable_yet(day, visit):
    person = day.place.volunteer()
    day.served(person)
    browser = visit(person)
    browser.get("./")
    assert "0 朵可用" in browser.words
    assert "待盖章 +10" in browser.words


def test_an_open_service_leads_to_its_check_out(day, visit):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    browser = visit(person)
    browser.get("./")
    assert "正在服务：早间巡逻" in browser.words
    assert f"/q/{day.activity.poster_code}" in browser.page


def test_coming_activities_say_what_they_bring(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./")
    assert "接下来的活动 早间巡逻 今天 09:00–11:00 · 东门 +10" in browser.words


def test_a_returned_service_stands_on_the_home_page_with_its_reason(day, visit):
    person = day.place.volunteer()
    waiting = day.served(person)
    stamp_checkins(day.place.stamper.actor, [waiting.id], decision=Decision.RETURN, note="请补照片")
    browser = visit(person)
    browser.get("./")
    assert "还没盖章：早间巡逻" in browser.words
    assert "请补照片" in browser.words


def test_a_service_that_waits_too_long_stands_there_too(day, visit):
    person = day.place.volunteer()
    day.served(person)
    clock.move_to(ELEVEN + timedelta(days=10))
    browser = visit(person)
    browser.get("./")
    assert "还没盖章：早间巡逻" in browser.words


def test_a_reservation_waits_for_the_members_word(street, visit):
    person = street.volunteer()
    waiting = street.serve(person)
    browser = visit(person)
    browser.get("./")
    assert "麦香面包 请您确认" in browser.words
    assert f"/redemptions/{waiting.id.hex}" in browser.page
    assert "80 朵可用" in browser.words


def test_the_latest_redemptions_and_services_stand_together(street, visit):
    person = street.volunteer()
    street.buy(person)
    browser = visit(person)
    browser.get("./")
    assert "麦香面包 · 全麦面包 今天 12:00 −20 已兑换" in browser.words


def test_staff_find_their_desk_from_home_and_volunteers_none(street, visit):
    volunteer, admin = visit(street.volunteer()), visit(street.place.admin)
    volunteer.get("./")
    admin.get("./")
    assert ("工作台" in volunteer.words, "工作台" in admin.words) == (False, True)


def test_a_clerk_who_is_no_member_is_led_to_the_till(street, visit):
    browser = visit(street.clerk)
    assert browser.get("./").location == f"{browser.root}/till"


def test_a_stranger_finds_no_home_here(day, visit):
    stranger = open_neighbourhood("北塔社区").volunteer()
    assert visit(stranger).get(f"/c/{day.place.id.hex}/").status_code == 404


def test_home_is_asked_to_sign_in_for(day, visit):
    assert visit().get(f"/c/{day.place.id.hex}/").status_code == 401


def test_who_has_no_rooms_reads_pages_of_the_desk_with_their_own_tabs(day, visit):
    for person, has_rooms in ((day.place.volunteer(), False), (day.place.admin, True)):
        browser = visit(person)
        browser.get("./calendar")
        assert ("工作台" in browser.page, "主要页面" in browser.page) == (has_rooms, not has_rooms)


def test_who_works_at_the_desk_sees_at_home_how_much_waits_there(day, visit):
    day.served(day.place.volunteer())
    stamper, volunteer = visit(day.place.stamper), visit(day.place.volunteer())
    stamper.get("./")
    volunteer.get("./")
    assert ("工作台有 1 件事在等您" in stamper.words, "工作台" in volunteer.words) == (True, False)
