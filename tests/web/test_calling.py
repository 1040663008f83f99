"""Whoever is stuck may call the community: where the number stands, whose it is, and that without one there is none."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta

import pytest

from api.auth import COOKIE
from ledger.core import clock
from ledger.people import communities, members
from tests.ledger.rewards.street import Street
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbourhood, next_phone, open_neighbourhood
from tests.web.browser import Browser
from tests.web.messages import code_for
from tests.web.test_checkins import scan

NUMBER = "0758-2812345"


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return told(open_neighbourhood())


def told(place: Neighbourhood, number: str = NUMBER) -> Neighbourhood:
    communities.set_telephone(place.admin.actor, number)
    return place


def called(browser: Browser) -> list[str]:
    return re.findall(r'href="tel:([^"]*)"', browser.page)


@pytest.mark.parametrize(("language", "words"), [("zh", "打电话问社区"), ("en", "Call the community")])
def test_help_says_whom_to_call_in_both_languages(place, visit, language, words):
    browser = visit(place.volunteer(), language=language)
    for path in ("/help", "/help/volunteer"):
        assert browser.get(path).status_code == 200
        assert called(browser) == [NUMBER]
        assert f"{words} 南华社区 {NUMBER}" in browser.words


def test_who_has_not_signed_in_is_told_of_no_community(place, visit):
    browser = visit()
    for path in ("/help", "/sign-in", "/sign-in/password", "/nowhere"):
        browser.get(path)
        assert called(browser) == []


def test_where_no_telephone_is_stored_nothing_stands(context, visit):
    place = open_neighbourhood()
    browser = visit(place.volunteer())
    for path in ("/help", "/help/volunteer", "/nowhere", "./nowhere", "./office", "./checkins/0", "./my-card"):
        browser.get(path)
        assert (called(browser), "打电话问社区" in browser.words) == ([], False)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("./nowhere", 404), ("./checkins/0", 404), ("./office", 403), ("./community", 403)],
)
def test_a_page_of_a_refusal_says_whom_to_call(place, visit, path, status):
    browser = visit(place.volunteer())
    assert browser.get(path).status_code == status
    assert called(browser) == [NUMBER]


def test_a_stranger_to_a_community_is_told_of_their_own(place, visit):
    north = told(open_neighbourhood("北塔社区"), "0951-0000001")
    browser = visit(north.volunteer())
    assert browser.get(f"/c/{place.id.hex}/checkins").status_code == 404
    assert called(browser) == ["0951-0000001"]


def test_who_belongs_to_two_sees_both_with_their_names(place, visit):
    north, phone = told(open_neighbourhood("北塔社区"), "0951-0000001"), next_phone()
    members.add_member(north.admin.actor, "两边住", phone=phone)
    members.add_member(place.admin.actor, "两边住", phone=phone)
    browser = signed_in(visit(), phone)
    browser.get("/help")
    assert sorted(called(browser)) == [NUMBER, "0951-0000001"]
    assert "南华社区" in browser.words
    assert "北塔社区" in browser.words


def signed_in(browser: Browser, phone: str) -> Browser:
    browser.get("/sign-in")
    browser.post("/sign-in/code", phone=phone)
    browser.post("/sign-in", phone=phone, code=code_for(phone))
    return browser


def test_a_clerk_is_told_of_the_community_of_the_counter(street: Street, visit):
    told(street.place)
    browser = visit(street.clerk)
    browser.get("/help")
    assert called(browser) == [NUMBER]


def test_who_signs_in_for_a_page_or_a_poster_is_told_of_its_community(day: Day, visit):
    told(day.place)
    browser = visit()
    assert browser.get(f"/c/{day.place.id.hex}/checkins").status_code == 401
    assert called(browser) == [NUMBER]
    for ahead in (f"/c/{day.place.id.hex}/card", f"/q/{day.activity.poster_code}"):
        browser.get(f"/sign-in?next={ahead}")
        assert called(browser) == [NUMBER]
        phone = next_phone()
        browser.post("/sign-in/code", phone=phone, next=ahead)
        assert called(browser) == [NUMBER]
        browser.post("/sign-in", phone=phone, code="000000", next=ahead)
        assert called(browser) == [NUMBER], "a refusal says it once"
        browser.get(f"/sign-in/password?next={ahead}")
        assert called(browser) == [NUMBER]


@pytest.mark.parametrize("ahead", ["/c/0/card", "/c/", "/q/", "/q/XX-AAAA", "/help", "//evil.example/c/1", ""])
def test_an_address_of_no_community_tells_of_none(place, visit, ahead):
    browser = visit()
    assert browser.get(f"/sign-in?next={ahead}").status_code == 200
    assert called(browser) == []


def test_a_check_in_that_is_refused_says_whom_to_call_within_14_kb(day: Day, visit):
    told(day.place)
    volunteer = day.place.volunteer()
    browser = visit(volunteer)
    clock.move_to(NINE)
    scan(browser, day)
    assert called(browser) == [], "who is not stuck needs none"
    clock.move_to(ELEVEN + timedelta(hours=13))
    for looking in (browser, visit()):
        scan(looking, day)
        assert called(looking) == [NUMBER]
        assert len(gzip.compress(looking.page.encode())) <= 14 * 1024


def test_my_card_says_whom_to_call_when_it_is_lost(place, visit):
    browser = visit(place.volunteer())
    assert browser.get("./my-card").status_code == 200
    assert called(browser) == [NUMBER]


def test_a_session_that_ended_is_nobodys(place, visit):
    browser = visit()
    browser.client.set_cookie(COOKIE, "ended-long-ago")
    assert browser.get("/nowhere").status_code == 404
    assert called(browser) == []


# --- the page on which it is set --------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [("zh", "社区资料"), ("en", "About the community")])
def test_an_admin_finds_the_page_in_the_rail_and_gives_a_number(context, visit, language, words):
    place = open_neighbourhood()
    desk = visit(place.admin, language=language)
    desk.get("./office")
    assert f'href="{desk.root}/community"' in desk.page
    assert words in desk.words
    desk.get("./community")
    assert called(desk) == []
    desk.post("./community", telephone="(0758) 281 2345", follow=True)
    assert called(desk) == [NUMBER]
    assert f'value="{NUMBER}"' in desk.page


def test_an_empty_field_takes_it_away(place, visit):
    desk = visit(place.admin)
    desk.get("./community")
    desk.post("./community", telephone="", follow=True)
    assert called(desk) == []
    assert members.load_community(place.id).telephone is None


def test_what_cannot_be_called_is_refused_beside_the_field(place, visit):
    desk = visit(place.admin)
    desk.get("./community")
    answer = desk.post("./community", telephone="110")
    assert answer.status_code == 409
    assert "这不是能打通的电话号码" in desk.words
    assert 'value="110"' in desk.page
    assert members.load_community(place.id).telephone == NUMBER


def test_nobody_else_finds_the_page(place, visit):
    for other in (place.treasurer, place.supervisor, place.volunteer()):
        assert visit(other).get("./community").status_code == 403
