"""The pages of one's keys: password, second factor and tokens, with nothing but forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from werkzeug.test import TestResponse

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.people import grants, members, second_factor
from ledger.people.consents import give
from ledger.people.models import Purpose
from tests.stories import Neighbourhood, next_phone, open_neighbourhood
from tests.web.browser import Browser
from tests.web.messages import code_for

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GOOD = "a few unrelated words"


@pytest.fixture
def place(context: object) -> Iterator[Neighbourhood]:
    with clock.set_to(NOW):
        yield open_neighbourhood()


@pytest.fixture
def required() -> Iterator[None]:
    second_factor.require_it(True)
    yield
    second_factor.require_it(False)


def treasurer(place: Neighbourhood) -> str:
    """The phone of a treasurer who consented to the recording of service."""
    phone = next_phone()
    member = members.add_member(place.admin.actor, "周会计", phone=phone)
    give(member.person_id, [Purpose.SERVICE])
    grants.give_role(place.admin.actor, member.id, role=Role.TREASURER, unit_id=place.root.id)
    return phone


def sign_in(browser: Browser, phone: str, **more: str) -> TestResponse:
    browser.get("/sign-in")
    browser.post("/sign-in/code", phone=phone)
    return browser.post("/sign-in", phone=phone, code=code_for(phone), **more)


def enrol(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    browser.get("/me/second-factor")
    browser.post("/me/second-factor")
    totp = pyotp.TOTP(re.search(r"<code>([A-Z2-7]{32})</code>", browser.page)[1])
    assert 'class="qr"' in browser.page
    assert browser.post("/me/second-factor/confirm", totp=totp.at(clock.now())).status_code == 200
    clock.advance(seconds=30)
    return totp, re.findall(r'class="typed">([0-9A-Z]{5}-[0-9A-Z]{5})<', browser.page)


def test_a_password_is_set_on_a_page_and_opens_the_door(place, visit):
    phone, browser = treasurer(place), visit()
    sign_in(browser, phone)
    browser.get("/me/devices")
    assert 'href="/me/password"' in browser.page
    browser.get("/me/password")
    assert browser.post("/me/password", new="short").status_code == 422
    assert "至少 10 个字符。" in browser.words
    assert browser.post("/me/password", new="1234567890").status_code == 409
    assert "这个密码太容易猜到。" in browser.words
    assert browser.post("/me/password", new=GOOD).location == "/me/devices"
    other = visit()
    other.get("/sign-in/password?next=/me/devices")
    assert other.post("/sign-in/password", phone=phone, password="wrong password").status_code == 409
    assert "手机号或密码不对。" in other.words
    answer = other.post("/sign-in/password", phone=phone, password=GOOD, next="/me/devices")
    assert (answer.status_code, answer.location) == (303, "/me/devices")


def test_no_page_holds_what_was_typed_as_a_password(place, visit):
    browser = visit()
    browser.get("/sign-in/password")
    browser.post("/sign-in/password", phone=next_phone(), password="not the right one")
    assert "not the right one" not in browser.page


def test_a_volunteer_has_no_page_for_a_password(place, visit):
    browser = visit(place.volunteer())
    browser.get("/me/devices")
    assert 'href="/me/password"' not in browser.page
    assert browser.get("/me/password").status_code == 403


def test_a_password_is_changed_and_removed(place, visit):
    phone, browser = treasurer(place), visit()
    sign_in(browser, phone)
    browser.get("/me/password")
    browser.post("/me/password", new=GOOD)
    clock.advance(hours=1)
    browser.get("/me/password")
    assert browser.post("/me/password", new="quite another one").status_code == 409
    assert "为了安全，请先确认是您本人。" in browser.words
    assert browser.post("/me/password", new="quite another one", current=GOOD).status_code == 303
    browser.get("/me/password")
    assert browser.post("/me/password/remove", current="quite another one").status_code == 303
    browser.get("/me/password")
    assert "设置密码" in browser.words


def test_the_second_factor_is_enrolled_with_a_qr_code_and_asked_for_beside_the_code(place, visit):
    phone, browser = treasurer(place), visit()
    sign_in(browser, phone)
    totp, codes = enrol(browser)
    assert len(codes) == 10
    other = visit()
    assert sign_in(other, phone).status_code == 409
    assert "还需要动态口令" in other.words
    code = re.search(r'name="code" type="text" value="([0-9]{6})"', other.page)[1]
    assert other.post("/sign-in", phone=phone, code=code, totp="000000").status_code == 409
    assert "动态口令不对。" in other.words
    assert other.post("/sign-in", phone=phone, code=code, totp=totp.at(clock.now())).status_code == 303


def test_the_secret_and_the_recovery_codes_are_shown_once(place, visit):
    browser = visit()
    sign_in(browser, treasurer(place))
    totp, codes = enrol(browser)
    browser.get("/me/second-factor")
    assert totp.secret not in browser.page
    assert codes[0] not in browser.page
    assert "还有 10 个恢复码没用过。" in browser.words


def test_a_wrong_confirmation_can_be_tried_again(place, visit):
    browser = visit()
    sign_in(browser, treasurer(place))
    browser.get("/me/second-factor")
    browser.post("/me/second-factor")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", browser.page)[1]
    assert browser.post("/me/second-factor/confirm", totp="000000").status_code == 409
    assert browser.post("/me/second-factor/confirm", totp="").status_code == 422
    assert browser.post("/me/second-factor/confirm", totp=pyotp.TOTP(secret).at(clock.now())).status_code == 200


def test_codes_are_renewed_and_the_second_factor_is_turned_off(place, visit):
    phone, browser = treasurer(place), visit()
    sign_in(browser, phone)
    totp, codes = enrol(browser)
    browser.get("/me/second-factor")
    browser.post("/me/second-factor/codes", totp=totp.at(clock.now()))
    assert codes[0] not in browser.page
    fresh = re.search(r'class="typed">([0-9A-Z]{5}-[0-9A-Z]{5})<', browser.page)[1]
    browser.get("/me/second-factor")
    assert browser.post("/me/second-factor/remove", totp=fresh).status_code == 200
    assert "动态口令已经取消" in browser.words
    assert sign_in(visit(), phone).status_code == 303


@pytest.mark.parametrize(("language", "words"), [("zh", "财务的权限要用动态口令"), ("en", "need a second factor")])
def test_a_treasurer_without_one_is_led_to_enrolment_where_it_is_required(place, visit, required, language, words):
    browser = visit(language=language)
    sign_in(browser, treasurer(place))
    root = f"/c/{place.id.hex}"
    browser.get(f"{root}/")
    assert words in browser.words
    assert 'href="/me/second-factor"' in browser.page
    assert browser.get(f"{root}/funds").status_code == 403
    assert 'href="/me/second-factor"' in browser.page
    enrol(browser)
    assert browser.get(f"{root}/funds").status_code == 200
    assert words not in browser.words


def test_a_token_is_made_shown_once_and_revoked(place, visit, client):
    browser = visit(place.volunteer())
    browser.get("/me/tokens")
    assert browser.post("/me/tokens", name="程序", days="30").status_code == 422
    assert "请至少选一项。" in browser.words
    browser.post("/me/tokens", name="程序", scopes=["read"], days="30")
    token = re.search(r'id="token">([^<]+)<', browser.page)[1]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me", headers=bearer).status_code == 200
    browser.get("/me/tokens")
    assert token not in browser.page
    assert "程序 查看我能看的一切 · 到 12月20日" in browser.words
    revoke = re.search(r'action="(/me/tokens/[0-9a-f]+/revoke)"', browser.page)[1]
    assert browser.post(revoke).location == "/me/tokens"
    assert client.get("/api/v1/me", headers=bearer).status_code == 401
