"""Signing in by phone and code, what a first-timer agrees to, and the cookie that keeps one signed in."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from api.auth import COOKIE
from ledger.core.errors import NotSignedIn
from ledger.core.tenancy import system_actor
from ledger.people import cards, communities, consents, members, numbers, phones, sessions
from ledger.people.models import Oversight, Purpose
from tests.stories import Neighbourhood, next_phone, open_neighbourhood, street_officer
from tests.web.browser import Browser
from tests.web.messages import code_for


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def ask_code(browser: Browser, phone: str, **fields: object) -> TestResponse:
    browser.get("/sign-in")
    return browser.post("/sign-in/code", phone=phone, **fields)


def sign_in(browser: Browser, phone: str, **fields: object) -> TestResponse:
    ask_code(browser, phone)
    return browser.post("/sign-in", phone=phone, code=code_for(phone), **fields)


def cookie_of(answer: TestResponse) -> str:
    return next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith(f"{COOKIE}="))


@pytest.mark.parametrize(("language", "words"), [("zh", "您的手机号"), ("en", "Your phone number")])
def test_the_way_in_asks_for_a_phone_number(place, visit, language, words):
    browser = visit(language=language)
    assert browser.get("/sign-in").status_code == 200
    assert words in browser.words


@pytest.mark.parametrize(("language", "words"), [("zh", "做一件好事，开一朵红花"), ("en", "flower")])
def test_the_front_door_says_what_this_is(place, visit, language, words):
    browser = visit(language=language)
    assert browser.get("/").status_code == 200
    assert words in browser.words


def test_phone_and_code_open_a_session(place, visit):
    browser, phone = visit(), next_phone()
    answer = sign_in(browser, phone)
    assert (answer.status_code, answer.location) == (303, "/")
    token = cookie_of(answer).partition(";")[0].removeprefix(f"{COOKIE}=")
    assert sessions.actor_of(token).person_id == phones.person_with(phone)


def test_the_cookie_is_hidden_from_scripts_and_other_sites_and_travels_encrypted(place, visit):
    parts = {part.strip() for part in cookie_of(sign_in(visit(), next_phone())).split(";")}
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/"} <= parts


def test_in_development_the_cookie_travels_without_tls(place, visit, app, monkeypatch):
    monkeypatch.setitem(app.config, "REDFLOWER_ENV", "development")
    assert "Secure" not in cookie_of(sign_in(visit(), next_phone()))


def test_in_development_the_page_says_how_to_read_the_code(place, visit, app, monkeypatch):
    monkeypatch.setitem(app.config, "REDFLOWER_ENV", "development")
    browser, phone = visit(), next_phone()
    ask_code(browser, phone)
    assert f"flask --app wsgi demo code {phone}" in browser.words


def test_nowhere_else_the_page_speaks_of_the_command_line(place, visit):
    browser = visit()
    ask_code(browser, next_phone())
    assert "flask" not in browser.words


def test_a_number_may_be_written_with_blanks_and_dashes(place, visit):
    browser, phone = visit(), next_phone()
    ask_code(browser, f"{phone[:3]} {phone[3:7]}-{phone[7:]}")
    assert code_for(phone)


def test_what_is_no_mobile_number_is_said_beside_the_field(place, visit):
    browser = visit()
    for typed in ("", "12345", "２３４", "+1 555 0100"):
        assert ask_code(browser, typed).status_code == 422, typed
        assert "请填写 11 位手机号。" in browser.words


def test_what_is_no_code_is_said_beside_the_field(place, visit):
    browser, phone = visit(), next_phone()
    ask_code(browser, phone)
    for typed in ("12345", "1234567", "abcdef"):
        assert browser.post("/sign-in", phone=phone, code=typed).status_code == 422, typed
        assert "验证码是 6 位数字。" in browser.words


def test_a_wrong_code_is_refused_with_the_tries_that_are_left(place, visit):
    browser, phone = visit(), next_phone()
    ask_code(browser, phone)
    wrong = "000000" if code_for(phone) != "000000" else "111111"
    answer = browser.post("/sign-in", phone=phone, code=wrong)
    assert answer.status_code == 409
    assert "验证码不对。 请核对短信里的 6 位数字；还可以试 4 次。" in browser.words


def test_another_code_can_be_asked_for_and_replaces_the_first(place, visit):
    browser, phone = visit(), next_phone()
    ask_code(browser, phone)
    first = code_for(phone)
    browser.post("/sign-in/code", phone=phone, again="1")
    while code_for(phone) == first:
        browser.post("/sign-in/code", phone=phone, again="1")
    assert browser.post("/sign-in", phone=phone, code=first).status_code == 409
    assert browser.post("/sign-in", phone=phone, code=code_for(phone)).status_code == 303


def test_too_many_codes_are_refused_on_the_page(place, visit):
    browser, phone = visit(), next_phone()
    answers = [ask_code(browser, phone).status_code for _ in range(7)]
    assert answers == [200] * 6 + [429]


def test_the_page_does_not_tell_whose_number_is_known(place, visit):
    known, unknown = visit(), visit()
    phone, stranger = next_phone(), next_phone()
    members.add_member(place.admin.actor, "林秀芳", phone=phone)
    ask_code(known, phone)
    ask_code(unknown, stranger)
    assert known.words.replace(phone, "") == unknown.words.replace(stranger, "")


def test_one_comes_back_to_the_page_one_wanted(place, visit):
    browser, phone = visit(), next_phone()
    browser.get("/sign-in?next=/anywhere%3Fx=1")
    assert browser.value("next") == "/anywhere?x=1"
    assert sign_in(browser, phone, next="/anywhere?x=1").location == "/anywhere?x=1"


def test_nobody_is_led_to_another_site(place, visit):
    for address in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"):
        assert sign_in(visit(), next_phone(), next=address).location == "/", address


def test_a_page_of_somebodys_own_asks_a_stranger_to_sign_in_first(place, visit):
    browser = visit()
    answer = browser.get(f"/c/{place.id.hex}/")
    assert answer.status_code == 401
    assert browser.value("next") == f"/c/{place.id.hex}/"


def test_a_member_entered_by_staff_is_asked_for_consent_once(place, visit):
    phone = next_phone()
    member = members.add_member(place.admin.actor, "林秀芳", phone=phone)
    browser = visit()
    answer = sign_in(browser, phone, next=f"/c/{place.id.hex}/")
    assert answer.location == f"/sign-in/consents?next=/c/{place.id.hex}/"
    browser.get(answer.location)
    assert browser.post("/sign-in/consents", next=f"/c/{place.id.hex}/", consents=["publication"]).status_code == 422
    given = browser.post("/sign-in/consents", next=f"/c/{place.id.hex}/", consents=["service"])
    assert given.location == f"/c/{place.id.hex}/"
    assert consents.given_by(member.person_id) == {Purpose.SERVICE}
    assert sign_in(visit(), phone).location == "/"


def test_consents_ticked_with_the_code_are_given(place, visit):
    phone = next_phone()
    sign_in(visit(), phone, consents=["service", "publication"])
    assert consents.given_by(phones.person_with(phone)) == {Purpose.SERVICE, Purpose.PUBLICATION}


def test_signing_in_behind_a_poster_of_the_community_is_joining_it(street, visit):
    browser, phone = visit(), next_phone()
    sign_in(browser, phone, next=f"/s/{street.poster.code}", consents=["service"])
    assert members.member_of(street.id, phones.person_with(phone)) is not None


def test_a_doubtful_number_is_proven_by_the_paper_card_and_its_pin(place, visit):
    number = next_phone()
    member = members.add_member(place.admin.actor, "林秀芳", phone=number)
    handed = cards.hand_out(place.admin.actor, member.id, pin="2580")
    numbers.report_number(place.admin.actor, member.id)
    browser = visit()
    sign_in(browser, number)
    assert "用红花卡证明" in browser.words
    wrong = browser.post("/sign-in", phone=number, code=code_for(number), card_code=handed.code, pin="2581")
    assert (wrong.status_code, "和登记的不一致" in browser.words) == (409, True)
    right = browser.post("/sign-in", phone=number, code=code_for(number), card_code=handed.code, pin="2580")
    token = cookie_of(right).partition(";")[0].removeprefix(f"{COOKIE}=")
    assert sessions.actor_of(token).person_id == member.person_id


def test_who_belongs_to_no_community_is_told_how_to_join_one(place, visit):
    browser = visit()
    sign_in(browser, next_phone())
    browser.get("/")
    assert "您还没有加入社区" in browser.words


def test_who_keeps_the_platform_is_led_to_the_tools(place, visit):
    browser, phone = visit(), next_phone()
    sign_in(browser, phone)
    communities.give_oversight(system_actor(None), phones.person_with(phone), role=Oversight.OPERATOR)
    browser.get("/")
    assert "您是平台运维" in browser.words
    assert "您还没有加入社区" not in browser.words
    for tool in ("/api/v1/docs", "/me/tokens", "/me/devices"):
        assert f'href="{tool}"' in browser.page
        assert browser.get(tool).status_code == 200
        browser.get("/")


def test_who_belongs_to_one_community_is_led_into_it(place, visit):
    browser = visit(place.volunteer())
    assert browser.get("/").location == f"/c/{place.id.hex}/"


def test_who_belongs_to_several_communities_chooses(place, visit):
    person = place.volunteer()
    other = open_neighbourhood("北塔社区")
    members.join_community(sessions.actor_of(person.token), other.id)
    browser = visit(person)
    assert browser.get("/").status_code == 200
    assert "南华社区" in browser.words
    assert "北塔社区" in browser.words


def test_an_officer_of_the_street_is_led_into_its_communities(place, visit):
    browser = visit(street_officer(place.community))
    assert browser.get("/").location == f"/c/{place.id.hex}/"
    assert browser.get("./").location == f"/c/{place.id.hex}/office"
    browser.get("./office")
    assert "，您好" not in browser.words


def test_signing_out_kills_the_session_and_not_only_the_cookie(place, visit):
    person = place.volunteer()
    browser = visit(person)
    browser.get("./")
    assert browser.post("/sign-out").location == "/"
    with pytest.raises(NotSignedIn):
        sessions.actor_of(person.token)
    assert browser.get("./").status_code == 401


def test_a_form_without_its_token_is_refused(place, visit):
    person = place.volunteer()
    assert visit(person).client.post("/sign-out", data={}).status_code == 400
    assert sessions.actor_of(person.token).person_id == person.person_id
