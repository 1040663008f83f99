"""My devices: what I am signed in on, and ending that at once."""

from __future__ import annotations

import pytest

from ledger.core import clock
from ledger.core.errors import NotSignedIn
from ledger.people import devices, phones, sessions
from ledger.people.models import SessionKind
from tests.stories import next_phone, open_neighbourhood
from tests.web.messages import code_for

WECHAT = (
    "Mozilla/5.0 (Linux; Android 14; V2307A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.50"
)
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "called"),
    [
        (WECHAT, "WeChat · Android"), (EDGE, "Edge · Windows"), (IPHONE, "Safari · iPhone"), ("curl/8.5.0", "curl"),
        ("", ""), ("<script>", ""),
    ],
)  # fmt: skip
def test_a_device_is_called_by_browser_and_system(user_agent, called):
    assert devices.called(user_agent) == called


@pytest.fixture
def lin(context):
    return open_neighbourhood().volunteer()


def signed_in(person, label):
    token, session = sessions.open_session(person.person_id, kind=SessionKind.BROWSER, label=label)
    return token, session.id.hex


@pytest.mark.parametrize(("language", "words"), [("zh", "微信 · Android"), ("en", "Where I am signed in")])
def test_the_page_names_each_device_and_marks_this_one(lin, visit, language, words):
    signed_in(lin, "WeChat · Android")
    browser = visit(lin, language=language)
    assert browser.get("/me/devices").status_code == 200
    assert words in browser.words
    assert browser.words.count("就是这里" if language == "zh" else "This one") == 1


def test_a_sign_in_on_a_page_is_listed_by_its_browser_and_the_day_it_was_last_used(context, visit):
    browser, phone = visit(), next_phone()
    browser.client.environ_base["HTTP_USER_AGENT"] = WECHAT
    browser.get("/sign-in")
    browser.post("/sign-in/code", phone=phone)
    browser.post("/sign-in", phone=phone, code=code_for(phone))
    browser.get("/me/devices")
    assert "微信 · Android" in browser.words
    assert "最近" in browser.words


def test_signing_out_another_device_works_at_once_and_keeps_this_one(lin, visit):
    token, session_id = signed_in(lin, "Edge · Windows")
    browser = visit(lin)
    browser.get("/me/devices")
    assert browser.post(f"/me/devices/{session_id}/sign-out").location == "/me/devices"
    with pytest.raises(NotSignedIn):
        sessions.actor_of(token)
    assert browser.get("/me/devices").status_code == 200
    assert "Edge" not in browser.words


def test_signing_out_here_leads_to_the_front_door(lin, visit):
    browser = visit(lin)
    browser.get("/me/devices")
    here = sessions.actor_of(lin.token).session_id
    assert browser.post(f"/me/devices/{here.hex}/sign-out").location == "/"
    assert browser.get("/me/devices").status_code == 401


def test_signing_out_everywhere_else(lin, visit):
    others = [signed_in(lin, "Edge · Windows")[0] for _ in range(3)]
    browser = visit(lin)
    browser.get("/me/devices")
    assert browser.post("/me/devices/sign-out-others").location == "/me/devices"
    for token in others:
        with pytest.raises(NotSignedIn):
            sessions.actor_of(token)
    browser.get("/me/devices")
    assert "退出所有其他设备" not in browser.words


def test_nobody_sees_or_ends_another_persons_device(lin, visit):
    stranger = phones.add_person(next_phone())
    token, session = sessions.open_session(stranger, kind=SessionKind.BROWSER, label="Firefox · Linux")
    browser = visit(lin)
    browser.get("/me/devices")
    assert "Firefox" not in browser.words
    assert browser.post(f"/me/devices/{session.id.hex}/sign-out").status_code == 404
    assert sessions.actor_of(token).person_id == stranger


def test_home_leads_to_the_devices(lin, visit):
    browser = visit(lin)
    browser.get("./")
    assert 'href="/me/devices"' in browser.page


def test_the_api_lists_the_last_day_and_which_one_asks_and_signs_out_the_others(lin, client):
    token, _ = signed_in(lin, "Edge · Windows")
    listed = client.get("/api/v1/me/sessions", headers=lin.headers).json["items"]
    assert [(one["label"], one["is_current"]) for one in listed] == [("Edge · Windows", False), ("test", True)]
    assert listed[0]["last_seen_on"] == clock.today().isoformat()
    answer = client.post("/api/v1/me/sessions/revoke-others", headers=lin.headers)
    assert answer.json == {"signed_out": 1}
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
