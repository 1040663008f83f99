"""Signing in by an identity provider, a real one on loopback: connecting, coming back, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from pyotp import TOTP

from api.auth import COOKIE
from ledger.book.balances import member_balance
from ledger.core import clock, secrets
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor
from ledger.people import erasing, exporting, identities, numbers, phones, providers, second_factor, sessions
from ledger.people.sign_in_models import Identity
from tests.identity_provider import CLIENT, LABEL, SECRET, IdentityProvider, open_provider
from tests.ledger.people.accounts import Accounts
from tests.logs import LOGGED
from tests.stories import Neighbourhood, next_phone, open_neighbourhood
from tests.web.browser import Browser
from tests.web.messages import code_for


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def there(context: object) -> Iterator[IdentityProvider]:
    with open_provider() as server:
        providers.use_provider(server.issuer, CLIENT, SECRET, LABEL)
        yield server
        providers.use_provider("", "", "", "")


def go_there(browser: Browser, there: IdentityProvider) -> str:
    """The browser is sent to the provider, where its person agrees: the address back."""
    sent = browser.get("/sign-in/provider")
    assert sent.status_code == 303
    return there.authorize(sent.location)


def sign_in_by_code(browser: Browser, phone: str, **fields: str) -> str:
    browser.get("/sign-in")
    browser.post("/sign-in/code", phone=phone, **fields)
    return browser.post("/sign-in", phone=phone, code=code_for(phone), consents="service", **fields).location


def connected(visit: Callable[..., Browser], there: IdentityProvider, phone: str) -> Browser:
    """Somebody who came by the provider, showed their number by a code, and agreed to connect the two."""
    browser = visit()
    answer = browser.get(go_there(browser, there))
    assert answer.location == "/sign-in?next=/me/identities"
    assert sign_in_by_code(browser, phone, next="/me/identities") == "/me/identities"
    browser.get("/me/identities")
    assert LABEL in browser.words
    assert browser.post("/me/identities").status_code == 303
    return browser


def test_first_a_code_to_the_phone_then_connected_then_without_a_code(place, visit, there):
    """The phone number that the provider claims is never believed."""
    phone = next_phone()
    connected(visit, there, phone)
    assert phones.person_with("13900000000") is None
    browser = visit()
    browser.get("/sign-in")
    assert f"用 {LABEL} 登录" in browser.words
    back = go_there(browser, there)
    answer = browser.get(back)
    assert (answer.status_code, answer.location) == (303, "/")
    browser.get("/me/devices")
    assert "我登录着的地方" in browser.words
    row = db.session.query(Identity).one()
    assert (row.person_id, there.subject.encode() in row.subject_index) == (phones.person_with(phone), False)
    assert exporting.export_identity(row.person_id)["identities"][0]["label"] == LABEL
    assert visit().get(back).status_code == 409, "the address back is worth nothing in another browser"
    assert [line for line in LOGGED if there.subject in line] == []
    client, headers = browser.client, {"Authorization": f"Bearer {browser.client.get_cookie(COOKIE).value}"}
    assert [one["label"] for one in client.get("/api/v1/me/identities", headers=headers).json] == [LABEL]
    assert client.post(f"/api/v1/me/identities/{new_id().hex}/remove", headers=headers).status_code == 404
    browser.get("/me/identities")
    assert browser.post(f"/me/identities/{row.id.hex}/remove").status_code == 303
    assert browser.get("/me/identities").status_code == 200
    assert identities.person_of(row.subject_index) is None
    stranger = visit()
    assert stranger.get(go_there(stranger, there)).location.startswith("/sign-in?next=")


def test_a_subject_opens_one_persons_sessions_and_a_stale_sign_in_connects_nothing(place, visit, there):
    connected(visit, there, next_phone())
    other = visit()
    sign_in_by_code(other, next_phone())
    assert other.get(go_there(other, there)).location == "/me/identities"
    other.get("/me/identities")
    refused = other.post("/me/identities")
    assert (refused.status_code, "已经连到另一个人" in other.words) == (409, True)
    there.subject = "subject-2"
    clock.move_to(clock.now() + timedelta(hours=1))
    other.get(go_there(other, there))
    other.get("/me/identities")
    assert (other.post("/me/identities").status_code, "请先确认是您本人" in other.words) == (409, True)
    assert db.session.query(Identity).count() == 1


def test_who_has_a_second_factor_is_asked_for_it(place, visit, there):
    phone = next_phone()
    connected(visit, there, phone)
    person = Actor(person_id=phones.person_with(phone))
    secret = atomic(second_factor.enrol)(person).secret
    atomic(second_factor.confirm)(person, TOTP(secret).at(clock.now()))
    browser = visit()
    asked = browser.get(go_there(browser, there))
    assert (asked.status_code, "还需要动态口令" in browser.words, "动态口令不对" in browser.words) == (409, True, False)
    assert browser.get("/me/devices").status_code == 401
    browser.get("/sign-in")
    assert browser.post("/sign-in/provider", totp="000000").status_code == 409
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert browser.post("/sign-in/provider", totp=TOTP(secret).at(clock.now())).status_code == 303
    assert browser.get("/me/devices").status_code == 200


DOWN = "现在连不上"
WRONG = [
    ({"nonce": "of another sign-in"}, "", "不是给这次登录的（nonce）"),
    ({"aud": "another house"}, "", "不是给这次登录的（aud）"),
    ({"iss": "https://elsewhere.example"}, "", "不是给这次登录的（iss）"),
    ({"azp": "another house"}, "", "不是给这次登录的（azp）"),
    ({"sub": ""}, "", "不是给这次登录的（sub）"),
    ({"exp": 1_000_000_000}, "", "的确认已过期"),
    ({}, "forged", "不是给这次登录的（signature）"),
    ({}, "500", DOWN),
    ({}, "slow", DOWN),
]


def test_what_is_not_for_this_sign_in_opens_nothing_and_says_why(place, visit, there, monkeypatch):
    monkeypatch.setattr(providers, "PATIENCE_SECONDS", 0.5)
    connected(visit, there, next_phone())
    browser = visit()
    for there.claims, there.trouble, words in WRONG:
        answer = browser.get(go_there(browser, there))
        assert (answer.status_code, words in browser.words) == (503 if words == DOWN else 409, True), browser.words
    there.claims, there.trouble = {}, ""
    back = go_there(browser, there)
    assert browser.get(back.replace("state=", "state=x")).status_code == 409
    assert "这次登录已失效" in browser.words
    there.codes.clear()  # As if somebody had used the code before.
    assert (browser.get(back).status_code, "没有确认这次登录" in browser.words) == (409, True)
    assert browser.get("/sign-in/provider/back?error=access_denied").status_code == 409
    assert browser.client.get_cookie(COOKIE) is None
    providers.use_provider("http://127.0.0.1:9", CLIENT, SECRET, LABEL)
    assert (browser.get("/sign-in/provider").status_code, DOWN in browser.words) == (503, True)


def test_a_link_is_the_persons_and_ends_with_a_lost_phone_and_with_erasure(place, visit, there):
    """It is tied to no number: who gets an old number gets no link with it."""
    phone = next_phone()
    browser = connected(visit, there, phone)
    first = db.session.query(Identity).one()
    atomic(numbers.free_for)(new_id(), phone)
    newcomer = visit()
    sign_in_by_code(newcomer, phone)
    assert phones.person_with(phone) not in (None, identities.person_of(first.subject_index))
    lin = place.volunteer()
    clock.move_to(clock.now())
    atomic(identities.connect)(Actor(person_id=lin.person_id, session_id=lin.actor.session_id), b"lin", LABEL)
    atomic(numbers.replace_number)(place.admin.actor, lin.member_id, next_phone())
    assert identities.person_of(b"lin") is None, "whoever holds the lost phone holds its accounts too"
    assert identities.person_of(first.subject_index) == first.person_id
    erasing.erase_identity(first.person_id)
    assert identities.person_of(first.subject_index) is None
    assert browser.get("/me/identities").status_code == 401


def test_the_account_of_a_merged_member_leads_into_the_one_that_is_left_and_back_when_taken_apart(street, visit, there):
    accounts = Accounts(street)
    old, new = accounts.old, accounts.new
    me = Actor(person_id=old.person_id, session_id=old.actor.session_id)
    atomic(identities.connect)(me, secrets.blind_index(f"{there.issuer} {there.subject}", "identities"), LABEL)
    accounts.award(old, 30)
    merge = accounts.merge()
    assert whose(visit(), there, accounts.id) == (new.member_id, 30)
    accounts.part(merge)
    assert whose(visit(), there, accounts.id) == (old.member_id, 30)


def whose(browser: Browser, there: IdentityProvider, community_id: UUID) -> tuple[UUID, int]:
    """The member whom the provider's account signs in as, and the points of it that its page shows."""
    assert browser.get(go_there(browser, there)).status_code == 303
    actor = sessions.enter(sessions.actor_of(browser.client.get_cookie(COOKIE).value), community_id)
    assert browser.get(f"/c/{community_id.hex}/").status_code == 200
    return actor.member_id, atomic(member_balance)(community_id, actor.member_id).posted


@pytest.mark.parametrize("settings", [("http://far.example", "a", "b", "c"), ("https://far.example", "", "b", "c")])
def test_a_provider_half_configured_stops_the_house(settings):
    with pytest.raises(RuntimeError, match="OIDC"):
        providers.use_provider(*settings)
