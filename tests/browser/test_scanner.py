"""The coordinator's scanner in a browser: card after card without network, and everything arrives in the end."""

from __future__ import annotations

import contextlib
import io
import re
import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import qrcode
from PIL import Image
from playwright.sync_api import Browser, Error, Page, expect
from sqlalchemy import select, update

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.people import cards
from ledger.people.models import Session, SessionKind
from ledger.service.models import Checkin
from tests.browser.people import PHONE, Person
from tests.browser.town import Town
from tests.stories import Neighbour

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

SOON_MS = 30_000
HOUSE = Path(__file__).resolve().parents[2]

STORED = """async () => {
  const answer = (asked) => new Promise((give) => { asked.onsuccess = () => give(asked.result); });
  const base = await answer(indexedDB.open("red-flower-scanner"));
  const rows = (store) => answer(base.transaction(store).objectStore(store).getAll());
  const items = await rows("items"), people = await rows("people");
  base.close();
  return {
    items: items.map(({ sealed, iv, ...item }) => ({ ...item, bytes: sealed ? sealed.byteLength : 0 })),
    canBeTaken: people.map(({ key }) => key.extractable),
    plain: JSON.stringify([items, people]),
  };
}"""

FEEDBACK = "performance.getEntriesByName('feedback').map((one) => one.duration)"

SPOIL = """async () => {
  const answer = (asked) => new Promise((give) => { asked.onsuccess = () => give(asked.result); });
  const base = await answer(indexedDB.open("red-flower-scanner"));
  const rows = base.transaction("items", "readwrite").objectStore("items");
  const [damaged, nowhere, odd] = await answer(rows.getAll());
  new Uint8Array(damaged.sealed)[0] ^= 1;
  nowhere.activity = "the church fair";
  odd.kind = "sideways";
  await Promise.all([damaged, nowhere, odd].map((item) => answer(rows.put(item))));
  base.close();
}"""

IN_CACHES = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
    }
  }
  return found;
}"""


def hand_out(town: Town, count: int) -> list[str]:
    """The codes of so many members' cards."""
    admin = town.street.place.admin.actor
    people = [town.street.place.volunteer(f"居民{number}") for number in range(count)]
    return [cards.hand_out(admin, one.member_id).code for one in people]


def open_scanner(person: Person, town: Town) -> Page:
    """The page as the activity leads to it, kept by the phone and synchronised with the server."""
    person.open(f"./activities/{town.patrol.id.hex}/scanner")
    person.page.wait_for_selector("body[data-ready]")
    person.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    return person.page


def open_again(person: Person) -> Page:
    """Another tab of the same phone, after the process of the first was killed under it."""
    context = person.page.context
    with person.page.expect_event("crash"), contextlib.suppress(Error):
        person.page.goto("chrome://crash")
    person.page.close()
    person.page = context.new_page()
    person.page.goto(f"{person.address}/scanner/")
    person.page.wait_for_selector("body[data-ready]")
    return person.page


def scan(page: Page, code: str) -> None:
    """A hand scanner types the code and ends it with Enter."""
    page.locator("#code").fill(code)
    page.locator("#code").press("Enter")


def scan_all(page: Page, codes: list[str]) -> None:
    for number, code in enumerate(codes, start=int(page.locator("#count").inner_text()) + 1):
        scan(page, code)
        expect(page.locator("#count")).to_have_text(str(number))


def visits() -> list[Checkin]:
    db.session.rollback()
    return list(db.session.scalars(select(Checkin)))


@atomic
def end_sessions(person: Neighbour, *kinds: SessionKind) -> None:
    """What an expiry does, at once."""
    mine = update(Session).where(Session.person_id == person.person_id, Session.kind.in_(kinds))
    db.session.execute(mine.values(expires_at=clock.now() - timedelta(seconds=1)))


def send_all(page: Page) -> None:
    page.locator("#send").click()
    expect(page.locator("#send")).to_be_hidden(timeout=SOON_MS)


def test_a_scan_is_told_saved_undone_sent_and_forgotten(town: Town, take: Take) -> None:
    first, second, third = hand_out(town, 3)
    page = open_scanner(take(town.street.place.coordinator), town)
    expect(page.locator("#line")).to_have_text("在线 · 都传好了")
    scan(page, first)
    expect(page.locator("#said")).to_have_text("签到 · 已存好")
    scan(page, f"{town.street.place.url}/x/c/{town.street.place.id.hex}/card#{second}")
    expect(page.locator("#line")).to_have_text("在线 · 2 条等上传")
    scan(page, first)
    expect(page.locator("#said")).to_have_text("刚扫过了")
    scan(page, "wxp://f2f0abcdef")
    expect(page.locator("#said")).to_have_text("这不是红花卡")
    scan(page, f"https://x/c/{'0' * 32}/card#{third}")
    expect(page.locator("#said")).to_have_text("这是别的社区的卡")
    scan(page, third)
    page.locator("#last button").first.click()
    expect(page.locator("#said")).to_have_text("已撤回")
    stored = page.evaluate(STORED)
    assert [one["bytes"] > 0 for one in stored["items"]] == [True, True]
    assert stored["canBeTaken"] == [False]
    assert not any(code.replace("-", "") in stored["plain"].replace("-", "") for code in (first, second, third))
    send_all(page)
    expect(page.locator("#line")).to_have_text("在线 · 都传好了")
    assert [one.evidence for one in visits()] == ["coordinator_scan"] * 2
    assert [one["bytes"] for one in page.evaluate(STORED)["items"]] == [0, 0]
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_phone_keeps_the_page_and_nothing_of_anybody(town: Town, take: Take) -> None:
    coordinator = town.street.place.coordinator
    person = take(coordinator)
    page = open_scanner(person, town)
    [code] = hand_out(town, 1)
    scan(page, code)
    send_all(page)
    kept = page.evaluate(IN_CACHES)
    assert {path for path, _ in kept} >= {"/scanner/", "/scanner/page.js", "/scanner/store.js", "/scanner/scanner.css"}
    assert all(path.startswith("/scanner/") for path, _ in kept)
    secrets = [coordinator.name, coordinator.person_id.hex, town.patrol.name, town.patrol.id.hex, code, "csrf_token"]
    assert [(path, one) for path, text in kept for one in secrets if one in text] == []


def test_what_another_person_scanned_is_neither_seen_nor_sent(town: Town, take: Take) -> None:
    mine, hers = hand_out(town, 2)
    place = town.street.place
    person = take(place.coordinator)
    page = open_scanner(person, town)
    page.context.set_offline(True)
    scan_all(page, [mine])
    page.context.set_offline(False)
    page.context.add_cookies([{"name": "session_token", "value": place.admin.token, "url": person.address}])
    page = open_again(person)
    expect(page.locator("#count")).to_have_text("0")
    assert page.locator("#last li").count() == 0
    page.goto(f"{person.address}{person.root}/activities/{town.patrol.id.hex}/scanner")
    page.wait_for_selector("body[data-ready]")
    scan_all(page, [hers])
    send_all(page)
    assert [one.recorded_by for one in visits()] == [place.admin.person_id]
    page.context.add_cookies([{"name": "session_token", "value": place.coordinator.token, "url": person.address}])
    page = open_again(person)
    expect(page.locator("#line")).to_have_text("在线 · 1 条等上传")
    send_all(page)
    assert {one.recorded_by for one in visits()} == {place.admin.person_id, place.coordinator.person_id}


@pytest.mark.parametrize("minutes", [-15, 15])
def test_a_wrong_clock_of_the_phone_is_put_right(town: Town, take: Take, minutes: int) -> None:
    """It met the server's clock this day; what it records without network is right to a minute."""
    [code] = hand_out(town, 1)
    person = take(town.street.place.coordinator)
    person.page.add_init_script(f"const real = Date.now; Date.now = () => real() + {minutes * 60_000}")
    page = open_scanner(person, town)
    met_at, met = clock.now(), page.evaluate("performance.now()")
    page.context.set_offline(True)
    scan_all(page, [code])
    truth = met_at + timedelta(milliseconds=page.evaluate("performance.now()") - met)
    clock.advance(hours=2)
    page.context.set_offline(False)
    send_all(page)
    [visit] = visits()
    assert abs(visit.arrived_at - truth) < timedelta(seconds=60)
    assert visit.evidence == "coordinator_scan"


def picture_of(text: str) -> Image.Image:
    """What a camera sees of a card: its code, a little turned, on a grey table."""
    code = qrcode.make(text, border=4).get_image().convert("L").resize((300, 300))
    table = Image.new("L", (640, 480), 120)
    table.paste(code, (160, 90))
    return table.rotate(7, fillcolor=120)


def with_film(film: Path, frame: Image.Image) -> list[str]:
    """Arguments of a Chromium whose camera sees nothing but the frame."""
    head = f"YUV4MPEG2 W{frame.width} H{frame.height} F10:1 Ip A1:1 C420\n".encode()
    film.write_bytes(head + 2 * (b"FRAME\n" + frame.tobytes() + b"\x80" * (frame.width * frame.height // 2)))
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    return ["--no-sandbox", "--disable-dev-shm-usage", f"--use-file-for-fake-video-capture={film}", *fake]


def test_a_photo_is_read_by_the_server_and_nothing_else_is_taken_for_one(town: Town, take: Take) -> None:
    [code] = hand_out(town, 1)
    page = open_scanner(take(town.street.place.coordinator), town)
    shots = {"empty.png": Image.new("L", (640, 480), 120), "card.png": picture_of(f"https://x/c/y/card#{code}")}
    for name, words in (("empty.png", "照片上没有读到二维码。"), ("card.png", "签到 · 已存好")):
        content = io.BytesIO()
        shots[name].save(content, "PNG")
        page.set_input_files("#photo", {"name": name, "mimeType": "image/png", "buffer": content.getvalue()})
        expect(page.locator("#said")).to_have_text(words)
    page.set_input_files("#photo", {"name": "card.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#said")).to_have_text("这个文件不是能用的照片。")


def test_the_camera_reads_a_card_by_the_packaged_decoder_too(
    town: Town, chromium: str, browser: Browser, address: str, tmp_path: Path
) -> None:
    """This Chromium has no reader of its own; without network the phone's copy of the package reads."""
    if not (HOUSE / "node_modules/qr/decode.js").exists():
        pytest.skip("set-up has not fetched the decoder (make setup)")
    [code] = hand_out(town, 1)
    frame = picture_of(f"{address}/c/{town.street.place.id.hex}/card#{code}")
    phone = browser.browser_type.launch(executable_path=chromium, args=with_film(tmp_path / "card.y4m", frame))
    try:
        own = phone.new_context(viewport=PHONE, locale="zh-CN", base_url=address)
        person = Person(own, address, town.street.place.coordinator)
        page = open_scanner(person, town)
        page.context.set_offline(True)
        page.locator("#camera").click()
        expect(page.locator("#said")).to_have_text("签到 · 已存好", timeout=SOON_MS)
        page.wait_for_timeout(1000)  # The card is still held up: it is one scan all the same.
        assert page.locator("#count").inner_text() == "1"
        assert person.complaints == []
    finally:
        phone.close()


def test_two_phones_without_network_make_one_visit_and_one_explained_conflict(town: Town, take: Take) -> None:
    """F11: the same card at two phones."""
    [code] = hand_out(town, 1)
    place = town.street.place
    phones = [open_scanner(take(one), town) for one in (place.coordinator, place.admin)]
    for page in phones:
        page.context.set_offline(True)
        scan_all(page, [code])
        page.context.set_offline(False)
        send_all(page)
    assert len(visits()) == 1
    expect(phones[0].locator("#refused")).to_be_hidden()
    expect(phones[1].locator("#conflicts li")).to_have_count(1)
    expect(phones[1].locator("#conflicts")).to_contain_text("这次活动已经签到过了。 不用再签到")
    phones[1].reload()
    expect(phones[1].locator("#conflicts li")).to_have_count(1)
    phones[1].locator("#conflicts button").click()
    expect(phones[1].locator("#refused")).to_be_hidden()


def test_spoilt_records_are_answered_alone_and_delay_nobody(town: Town, take: Take) -> None:
    """One that the phone cannot read any more, two that no server understands, among two that are whole."""
    codes = hand_out(town, 5)
    page = open_scanner(take(town.street.place.coordinator), town)
    page.context.set_offline(True)
    scan_all(page, codes)
    page.evaluate(SPOIL)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.context.set_offline(False)
    send_all(page)
    expect(page.locator("#line")).to_have_text("在线 · 都传好了")
    assert len(visits()) == 2
    told = page.locator("#conflicts li")
    expect(told).to_have_count(3)
    for why in (
        "手机里存的这一条坏了，读不出卡号 请把这一位记在纸上，告诉社区。",
        "没有找到。 请检查网址，或回到首页重新进入。",
        "填写的内容有误。 请按提示修改后再提交。",
    ):
        expect(told.filter(has_text=why)).to_have_count(1)


def test_thirty_people_a_minute_without_network(town: Town, take: Take, capsys: pytest.CaptureFixture[str]) -> None:
    codes = hand_out(town, 40)
    page = open_scanner(take(town.street.place.coordinator), town)
    page.context.set_offline(True)
    began = page.evaluate("performance.now()")
    scan_all(page, codes)
    seconds = (page.evaluate("performance.now()") - began) / 1000
    waits = page.evaluate(FEEDBACK)
    pace = 60 * len(codes) / seconds
    figures = f"feedback median {statistics.median(waits):.0f} ms, worst {max(waits):.0f} ms"
    with capsys.disabled():
        sys.stdout.write(f"\n  scanner offline: {pace:.0f} people a minute, {figures}\n")
    assert len(waits) == len(codes)
    assert pace >= 30


@pytest.mark.long
def test_two_hundred_records_survive_kill_expiry_and_a_day_without_network(town: Town, take: Take) -> None:
    """200 of 200 end as one visit or one explained conflict."""
    codes = hand_out(town, 200)
    coordinator = town.street.place.coordinator
    person = take(coordinator)
    page = open_scanner(person, town)
    page.context.set_offline(True)
    scan_all(page, codes[:100])
    page = open_again(person)  # Without network: the page, the recorder and the records are the phone's own.
    expect(page.locator("#name")).to_have_text(town.patrol.name)
    expect(page.locator("#count")).to_have_text("100")
    scan_all(page, codes[100:])
    expect(page.locator("#line")).to_have_text("没有网络 · 200 条存在手机里")
    clock.advance(hours=24)
    end_sessions(coordinator, SessionKind.API)
    lose(town, codes[:3])
    page = open_again(person)
    page.context.set_offline(False)
    send_all(page)
    refused = page.locator("#conflicts li").count()
    assert (len(visits()), refused) == (197, 3)
    assert len({one.member_id for one in visits()}) == 197
    assert page.locator("#conflicts").inner_text().count("这张红花卡已挂失。") == 3
    expect(page.locator("#line")).to_have_text("在线 · 都传好了")


def lose(town: Town, codes: list[str]) -> None:
    """Meanwhile the cards were reported lost."""
    admin = town.street.place.admin.actor
    for member_id in cards.members_with(admin.tenant, codes).values():
        cards.report_lost(admin, member_id)


def test_a_screen_shows_the_next_code_without_a_script(town: Town, take: Take) -> None:
    screen = take(town.street.place.coordinator, desk=True, javascript=False)
    clock.move_to(clock.now() + timedelta(seconds=13))
    screen.open(f"./activities/{town.patrol.id.hex}/live")
    before = code_of(screen.page)
    assert screen.page.locator("svg.qr").bounding_box()["width"] > 400
    clock.advance(seconds=15)
    expect(screen.page.locator(".typed")).not_to_have_text(before)


def test_a_screen_with_a_script_changes_in_place_and_hides_an_old_code(town: Town, take: Take) -> None:
    screen = take(town.street.place.coordinator, desk=True)
    clock.move_to(clock.now() + timedelta(seconds=13))
    screen.open(f"./activities/{town.patrol.id.hex}/live")
    before = code_of(screen.page)
    screen.page.evaluate("window.same = true")
    clock.advance(seconds=15)
    expect(screen.page.locator(".typed")).not_to_have_text(before)
    assert screen.page.evaluate("window.same")
    screen.page.context.set_offline(True)
    expect(screen.page.locator(".stale")).to_be_visible()
    expect(screen.page.locator(".code")).to_be_hidden()


def code_of(page: Page) -> str:
    found: Any = page.locator(".typed").text_content()
    assert re.fullmatch(r"NH-\w{8}|\w+-\w{8}", found)
    return str(found)
