"""Standing services at the desk and at a door: plates, visit notes, series and the calendar, in both languages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.service.models import FollowUp
from ledger.service.visit_notes import list_notes
from tests.counting import counted_statements
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.doors import LAMP, Doors, open_doors
from tests.stories import Neighbour

MINUTES = timedelta(minutes=1)


@pytest.fixture
def doors(day: Day) -> Doors:
    return open_doors(day)


def planned(day: Day, **more: str) -> dict[str, str]:
    asked = {"programme_id": day.programme.id.hex, "unit_id": day.place.grid.id.hex, "name": "茶话会", "place": "驿站"}
    return asked | {"kind": "single", "every": "once"} | more


def test_a_series_shows_its_dates_before_it_is_planned(day: Day, visit):
    desk = visit(day.place.admin)
    asked = planned(day, starts_at="2026-12-31T19:00", ends_at="2026-12-31T20:00", every="month", until="2027-02-28")
    assert desk.post("./activities", **asked).status_code == 200
    assert all(words in desk.words for words in ("一共 3 次", "2027年1月31日", "2027年2月28日"))
    seen = re.search(r'name="seen" value="([^"]+)"', desk.page)
    assert seen is not None
    assert desk.post("./activities", **asked, seen=seen[1], follow=True).status_code == 200
    desk.get("./calendar?month=2027-02")
    assert "茶话会" in desk.words
    # Other dates than those that were looked at are shown again; impossible ones are refused on the form.
    assert desk.post("./activities", **asked | {"until": "2027-01-31", "seen": seen[1]}).status_code == 200
    assert "一共 2 次" in desk.words
    assert desk.post("./activities", **asked | {"until": "2026-12-01"}).status_code == 409
    assert "这样重复一次也没有。" in desk.words


def test_one_date_and_all_later_ones_are_cancelled_on_the_page(day: Day, visit):
    desk = visit(day.place.admin)
    asked = planned(day, starts_at="2026-11-21T19:00", ends_at="2026-11-21T20:00", every="day", until="2026-11-23")
    desk.post("./activities", **asked)
    seen = re.search(r'name="seen" value="([^"]+)"', desk.page)
    assert seen is not None
    address = desk.post("./activities", **asked, seen=seen[1]).location.removesuffix("/poster")
    desk.get(address)
    assert desk.words.count("19:00–20:00") >= 3
    desk.post(f"{address}/cancel", reason="换地方", later="true", follow=True)
    assert desk.words.count("已取消") == 3


def test_a_standing_service_is_opened_has_its_poster_and_is_ended(day: Day, visit):
    desk = visit(day.place.admin)
    asked = planned(day, kind="standing", opens_at="08:00", closes_at="18:00")
    address = desk.post("./activities", **asked).location
    desk.get(address)
    assert "每天 08:00–18:00" in desk.words
    show = address.removesuffix("/poster")
    desk.post(f"{show}/end", reason="合并", follow=True)
    assert "停办了" in desk.words
    assert desk.post("./activities", **planned(day, kind="standing", opens_at="08:00")).status_code == 422


@pytest.mark.parametrize(("language", "words"), [("zh", "老人照护"), ("en", "Care for elders")])
def test_a_leader_leaves_a_door_with_one_tap(day: Day, doors: Doors, visit, language, words):
    clock.move_to(NINE)
    phone, code = visit(doors.leader, language=language), doors.plates[0].code
    phone.get(f"/q/{code}")
    assert "1 号楼" not in phone.words
    grant = re.search(r'name="grant" value="([^"]+)"', phone.page)
    assert grant is not None
    phone.post(f"/q/{code}", grant=grant[1], kind="in", follow=True)
    clock.move_to(NINE + 5 * MINUTES)
    phone.get("./")
    assert f"/q/{code}" in phone.page  # Home leads back to the door, not to the poster.
    phone.get(f"/q/{code}")
    assert words in phone.words
    grant = re.search(r'name="grant" value="([^"]+)"', phone.page)
    assert grant is not None
    left = {"grant": grant[1], "kind": "out"}
    assert phone.post(f"/q/{code}", **left).status_code == 409  # No category: the sentence says what to tap.
    phone.post(f"/q/{code}", **left, category="elders", need="修灯", follow_up="周三", follow=True)
    phone.get(phone.client.get(f"/q/{code}").location)
    assert all(part in phone.words for part in (words, "修灯", "周三", "1 号楼 1 单元"))
    found = list_notes(day.place.coordinator.actor, follow_up=FollowUp.OPEN)
    assert [one.note.need for one in found] == ["修灯"]


def test_plates_are_made_printed_and_taken_down(day: Day, doors: Doors, visit):
    desk, url = visit(day.place.coordinator), f"./activities/{doors.standing.id.hex}/plates"
    desk.get(url)
    assert "1 号楼 1 单元" in desk.words
    desk.get(f"{url}/sheet")
    assert desk.page.count('class="qr"') == 2
    assert "1 号楼" not in desk.words  # The paper bears the number, not the address.
    door = doors.plates[0]
    desk.post(url, unit_id=door.unit_id.hex, address="301 室", follow=True)
    assert "301 室" in desk.words
    desk.post(f"{url}/{door.id.hex}/retire", follow=True)
    assert "已停用" in desk.words
    desk.post(f"{url}/all", follow=True)
    assert desk.words.count("在用") == 2  # The door has the other one.
    assert visit(doors.leader).get(url).status_code == 403


def noted(doors: Doors, person: Neighbour | None = None) -> None:
    doors.come(0, NINE, by=person or doors.leader)
    doors.go(0, NINE + 5 * MINUTES, LAMP, by=person or doors.leader)


def test_what_a_note_asks_for_is_done_and_the_stamper_reads_it_beside_the_row(day: Day, doors: Doors, visit):
    noted(doors)
    stamper = visit(day.place.stamper)
    stamper.get("./stamps")
    assert "楼道灯不亮" in stamper.words
    desk = visit(day.place.coordinator)
    desk.get("./visit-notes")
    assert "要跟进：周三带电工来" in desk.words
    address = re.search(r'action="([^"]+/visit-notes/[0-9a-f]+/close)"', desk.page)
    assert address is not None
    desk.post(address[1], follow=True)
    assert "没有要跟进的事" in desk.words
    assert desk.post(address[1]).status_code == 409
    assert visit(day.place.supervisor).get("./visit-notes").status_code == 403


@pytest.mark.parametrize(("language", "words"), [("zh", "放进手机日历"), ("en", "In your phone")])
def test_the_calendar_shows_the_month_and_makes_an_address(day: Day, doors: Doors, visit, language, words):
    person = visit(doors.leader, language=language)
    person.get("./calendar")
    assert all(part in person.words for part in (words, "每日走访", "早间巡逻", "08:00–18:00"))
    assert person.get(f"./calendar?unit_id={day.place.grid_beside().id.hex}").status_code == 200
    assert "早间巡逻" not in person.words
    assert person.get("./calendar.ics").data.startswith(b"BEGIN:VCALENDAR\r\n")
    person.post("./calendar/feed", name="手机")
    address = re.search(r"<code>(http[^<]+\.ics)</code>", person.page)
    assert address is not None
    person.client.delete_cookie("session_token")
    assert person.client.get(address[1].partition("localhost")[2]).status_code == 200
    assert person.post("./calendar/feed", name="").status_code in (401, 422)


def test_the_page_behind_a_plate_takes_at_most_eight_statements_too(doors: Doors, visit):
    browser = visit(doors.leader)
    doors.come(1, NINE)
    for code in (doors.plates[0].code, doors.plates[1].code, doors.standing.poster_code):
        with counted_statements() as seen:
            assert browser.get(f"/q/{code}").status_code == 200
        assert len(seen) <= 8
