"""The scanner as the server serves it: what anybody may load, who may record, grants and photos."""

from __future__ import annotations

import io
import re

import pytest
import qrcode
from PIL import Image

from ledger.core import clock
from ledger.core.files import MAX_BYTES, FileTooLarge
from ledger.people import cards, tokens
from ledger.people.models import SessionKind
from ledger.service.photo_codes import code_on
from tests.ledger.service.day import NINE, Day
from tests.stories import open_neighbourhood
from tests.web.browser import Browser


def address(day: Day) -> str:
    return f"./activities/{day.activity.id.hex}/scanner"


def csrf_of(browser: Browser, day: Day) -> dict[str, str]:
    return {"X-CSRFToken": browser.get(f"{address(day)}/state").json["csrf"]}


def ask_grant(browser: Browser, day: Day, before: str = "") -> dict[str, str]:
    headers = csrf_of(browser, day)
    answer = browser.client.post(f"{browser.root}/scanner/grant", data={"before": before}, headers=headers)
    assert answer.status_code == 200
    return dict(answer.json)


def send_photo(browser: Browser, day: Day, content: bytes):
    form = {"photo": (io.BytesIO(content), "card.png")}
    return browser.client.post(f"{browser.root}/scanner/photo", data=form, headers=csrf_of(browser, day))


def png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def test_the_page_is_the_same_for_everybody_and_speaks_both_languages(day, visit):
    mine, nobody = visit(day.place.coordinator), visit()
    pages = [one.get("/scanner/").get_data(as_text=True) for one in (mine, nobody)]
    assert pages[0] == pages[1]
    assert "csrf" not in pages[0]
    assert "请扫红花卡" in nobody.words
    visit_in_english = visit(language="en")
    visit_in_english.get("/scanner/")
    assert "Scan a paper card" in visit_in_english.words
    assert not re.search(r"[\u4e00-\u9fff]", visit_in_english.words.replace("中文", ""))


def test_its_files_are_asked_for_again_and_its_worker_may_only_fetch_from_here(context, visit):
    client = visit().client
    for name in ("page.js", "store.js", "sender.js", "camera.js", "sound.js", "scanner.css"):
        with client.get(f"/scanner/{name}") as answer:
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
            known = {"If-None-Match": answer.headers["ETag"]}
        assert client.get(f"/scanner/{name}", headers=known).status_code == 304
    worker = client.get("/scanner/worker.js")
    head = r'const VERSION = "[0-9a-f]{12}";\nconst FILES = \["/scanner/page.js"'
    assert re.match(head, worker.get_data(as_text=True))
    assert worker.headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src 'self'")
    for name in ("worker.py", "..%2fscreen.js", "decoder/dom.js", "decoder/package.json"):
        assert client.get(f"/scanner/{name}").status_code == 404


def test_a_phone_learns_the_servers_time_and_who_is_signed_in(day, visit):
    clock.move_to(NINE)
    coordinator = day.place.coordinator
    for browser, person in ((visit(coordinator), coordinator.person_id.hex), (visit(), None)):
        answer = browser.get("/scanner/who")
        assert answer.json == {"now": NINE.timestamp() * 1000, "person": person}
        assert answer.headers["Cache-Control"] == "no-store"


def test_who_records_at_the_activity_is_led_there_and_reads_what_it_is(day, visit):
    browser = visit(day.place.coordinator)
    assert browser.get(address(day)).location == f"/scanner/#{day.place.id.hex}/{day.activity.id.hex}"
    state = browser.get(f"{address(day)}/state").json
    assert (state["name"], state["place"], state["state"]) == ("早间巡逻", "东门", "planned")
    browser.get(f"./activities/{day.activity.id.hex}")
    assert "用手机扫码签到" in browser.words
    clock.move_to(NINE)
    for home in ("./", "./office"):
        browser.get(home)
        assert "扫码签到" in browser.words


def test_who_does_not_record_gets_nowhere(day, visit):
    volunteer, stranger = visit(day.place.volunteer()), visit(open_neighbourhood("北塔社区").coordinator)
    root = f"/c/{day.place.id.hex}"
    for browser, status in ((volunteer, 403), (stranger, 404), (visit(), 401)):
        for path in (f"{root}{address(day)[1:]}", f"{root}{address(day)[1:]}/state"):
            assert browser.get(path).status_code == status
    token = volunteer._token()
    for path in ("grant", "photo"):
        answer = volunteer.client.post(f"{root}/scanner/{path}", headers={"X-CSRFToken": token})
        assert answer.status_code == 403


def test_a_phone_has_one_grant_for_a_week_that_is_listed_and_revoked_like_any_token(day, visit):
    coordinator = day.place.coordinator
    browser = visit(coordinator)
    first = ask_grant(browser, day)
    second = ask_grant(browser, day, before=first["id"])
    [kept] = tokens.mine(coordinator.actor)
    assert (kept.id.hex, kept.kind, kept.scopes) == (second["id"], SessionKind.DEVICE, "record")
    assert kept.label.startswith("扫码签到")
    assert first["token"] != second["token"]
    other = ask_grant(browser, day, before="0" * 32)
    assert {one.id.hex for one in tokens.mine(coordinator.actor)} == {second["id"], other["id"]}
    browser.get("/me/tokens")
    assert "扫码签到" in browser.words


def test_the_server_reads_the_code_on_a_photo_and_says_why_it_cannot(day, visit):
    browser = visit(day.place.coordinator)
    code = qrcode.make("https://example.org/c/x/card#ABCD-2345").get_image().convert("L")
    wall = Image.new("L", (1200, 900), 140)
    wall.paste(code, (300, 200))
    assert send_photo(browser, day, png(wall)).json == {"code": "https://example.org/c/x/card#ABCD-2345"}
    for content, refused in ((png(Image.new("L", (90, 90))), "no_code_on_photo"), (b"", "not_a_photo")):
        answer = send_photo(browser, day, content)
        assert (answer.status_code, answer.json["code"]) == (409, refused)
        assert answer.json["next_step"]
    with pytest.raises(FileTooLarge):
        code_on(b"x" * (MAX_BYTES + 1))


def test_a_photo_of_a_card_checks_in_and_out_without_a_script(day, visit):
    person, browser = day.place.volunteer(), visit(day.place.coordinator)
    card = cards.hand_out(day.place.admin.actor, person.member_id)
    wall = Image.new("L", (900, 700), 140)
    wall.paste(qrcode.make(f"https://x/c/{day.place.id.hex}/card#{card.code}").get_image().convert("L"), (100, 100))
    clock.move_to(NINE)
    page = f"./activities/{day.activity.id.hex}/cards"
    for kind, words in (("in", "林秀芳 已签到"), ("out", "林秀芳 已签退")):
        browser.get(page)
        browser.post(f"{page}/photo", kind=kind, photo=(io.BytesIO(png(wall)), "card.png"), follow=True)
        assert words in browser.words
    browser.get(page)
    answer = browser.post(f"{page}/photo", kind="in", photo=(io.BytesIO(b"no picture"), "card.png"))
    assert answer.status_code == 409
    assert "这个文件不是能用的照片。" in browser.words
    nosy = visit(person)
    assert nosy.post(f"{page}/photo", kind="in").status_code == 403
