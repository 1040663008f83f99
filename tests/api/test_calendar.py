"""The calendar as a file: correct by RFC 5545, and behind a secret address that reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.service.activities import cancel_activity
from ledger.service.sign_ups import sign_up
from ledger.service.standing import end_standing
from tests.ledger.service.day import NINE, Day, open_day
from tests.ledger.service.doors import open_doors, stand
from tests.stories import open_neighbourhood


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def test_the_file_is_correct_folded_escaped_and_stable(client: FlaskClient, day: Day):
    place, person = day.place, day.place.volunteer()
    long = day.another_activity(
        name="邻里茶话会；包饺子, 剪窗花" * 5, place="红色驿站\\二楼", instructions="先来\n后到"
    )
    off = day.another_activity(
        name="取消的", starts_at=NINE + timedelta(days=1), ends_at=NINE + timedelta(days=1, hours=1)
    )
    cancel_activity(place.admin.actor, off.id, reason="下雨")
    standing = stand(day)
    end_standing(place.admin.actor, standing.id, reason="合并")
    day.arrive(person, NINE, to=standing)  # A day of it is no event of its own.
    sign_up(person.actor, long.id)
    url = f"{place.url}/activities/calendar.ics"
    answer = client.get(url, headers=person.headers)
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    lines = answer.data.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    events: dict[str, Any] = {str(event["summary"]): event for event in Calendar.from_ical(answer.data).walk("VEVENT")}
    assert set(events) == {"早间巡逻", long.name, "取消的", "每日走访"}
    assert events[long.name]["location"] == "红色驿站\\二楼"
    assert "先来\n后到" in events[long.name]["description"]
    assert "已报名" in events[long.name]["description"]
    assert [events[name]["status"] for name in ("早间巡逻", "取消的")] == ["CONFIRMED", "CANCELLED"]
    assert all("dtstamp" in event for event in events.values())
    daily = events["每日走访"]
    assert (daily["dtstart"].dt, daily["dtend"].dt) == (NINE - timedelta(hours=1), NINE + timedelta(hours=9))
    assert daily["rrule"]["UNTIL"] == [datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)]
    assert client.get(url, headers=person.headers).data == answer.data
    mine = client.get(f"{url}?mine=true", headers=person.headers).data
    assert [str(event["summary"]) for event in Calendar.from_ical(mine).walk("VEVENT")] == [long.name]


def test_a_secret_address_reads_the_calendar_and_nothing_else_until_it_is_revoked(client: FlaskClient, day: Day):
    place, person = day.place, day.place.volunteer()
    made = client.post(f"{place.url}/calendar-feeds", json={"name": "手机"}, headers=person.headers).json
    path = made["url"].partition("localhost")[2]
    secret = path.rpartition("/")[2].removesuffix(".ics")
    assert client.get(path).data.startswith(b"BEGIN:VCALENDAR\r\n")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get(f"{place.url}/activities/calendar.ics", headers=bearer).status_code == 200
    assert client.get(f"{place.url}/activities", headers=bearer).status_code == 403
    assert client.post(f"{place.url}/calendar-feeds", json={"name": "又一个"}, headers=bearer).status_code == 403
    # A token that may do more is no address, and the address opens no other community.
    more = client.post("/api/v1/me/tokens", json={"name": "程序", "scopes": ["read"]}, headers=person.headers).json
    assert client.get(path.replace(secret, more["token"])).status_code == 404
    north = open_neighbourhood("北塔社区")
    assert client.get(path.replace(place.id.hex, north.id.hex)).status_code == 404
    assert client.delete(f"/api/v1/me/tokens/{made['id']}", headers=person.headers).status_code == 204
    assert client.get(path).status_code == 404


def test_a_standing_service_and_a_series_over_http(client: FlaskClient, day: Day):
    place, admin = day.place, day.place.admin.headers
    url = f"{place.url}/activities"
    body = {"programme_id": day.programme.id.hex, "unit_id": place.grid.id.hex, "name": "走访", "place": "院里"}
    asked = body | {"kind": "standing", "opens_at": "08:00", "closes_at": "18:00"}
    made = client.post(url, json=asked, headers=admin).json
    assert (made["kind"], made["opens_at"], made["closes_at"], made["ends_at"]) == ("standing", "08:00", "18:00", None)
    wrong = (
        {"opens_at": "8:00"}, {"closes_at": "24:00"}, {"starts_at": "2026-11-20T09:00:00+08:00"}, {"capacity": 3},
        {"kind": "day"}, {"repeats": {"every": "day", "until": "2026-12-01"}},
    )  # fmt: skip
    assert {client.post(url, json=asked | one, headers=admin).status_code for one in wrong} == {422}
    cancelled = client.post(f"{url}/{made['id']}/cancel", json={"reason": "雨"}, headers=admin)
    assert (cancelled.status_code, cancelled.json["code"]) == (409, "stands_every_day")
    ended = client.post(f"{url}/{made['id']}/end", json={"reason": "合并"}, headers=admin).json
    assert ended["ends_at"] == "2026-11-20T16:00:00+00:00"
    times = {"starts_at": "2026-11-21T09:00:00+08:00", "ends_at": "2026-11-21T10:00:00+08:00"}
    repeats = {"every": "week", "weekdays": [6, 7], "until": "2026-11-29"}
    first = client.post(url, json=body | times | {"repeats": repeats}, headers=admin).json
    dates = client.get(f"{url}?series_id={first['series_id']}", headers=admin).json["items"]
    assert (len(dates), dates[-1]["id"]) == (4, first["id"])
    client.post(f"{url}/{first['id']}/cancel", json={"reason": "雨", "later": True}, headers=admin)
    states = client.get(f"{url}?series_id={first['series_id']}", headers=admin).json["items"]
    assert {one["status"] for one in states} == {"cancelled"}


def test_plates_and_notes_over_http(client: FlaskClient, day: Day):
    doors = open_doors(day)
    place, leader, plate = day.place, doors.leader, doors.plates[0]
    clock.move_to(NINE)
    scanned = client.post("/api/v1/scans", json={"code": plate.code, "nonce": "12345678"}).json
    assert (scanned["plate"], scanned["activity"]["starts_at"]) == ({"number": 1}, "2026-11-20T00:00:00+00:00")
    assert "1 号楼" not in str(scanned)

    def post(key: str, **body):
        headers = leader.headers | {"Idempotency-Key": key}
        return client.post(f"{place.url}/checkins", json={"activity_id": doors.standing.id.hex} | body, headers=headers)

    arrived = post("in", kind="in", via={"grant": scanned["grant"]})
    assert arrived.status_code == 201
    via = {"plate_code": plate.code}
    assert post("out", kind="out", via=via).json["code"] == "note_required"
    note = {"category": "elders", "need": "修灯", "follow_up": "周三"}
    left = post("out2", kind="out", via=via, note=note)
    assert left.status_code == 201
    assert post("out2", kind="out", via=via, note=note).headers["Idempotency-Hit"] == "true"
    assert post("in2", kind="in", via=via).json["code"] == "duplicate_checkin"
    staff = place.coordinator.headers
    listed = client.get(f"{place.url}/visit-notes?follow_up=open", headers=staff).json["items"]
    assert [(one["note"], one["door"]) for one in listed] == [(note, {"number": 1, "address": "1 号楼 1 单元"})]
    seen = client.get(f"{place.url}/checkins/{left.json['id']}", headers=place.supervisor.headers).json
    assert (seen["note"], seen["door"]) == (None, {"number": 1, "address": None})
    closed = client.post(f"{place.url}/checkins/{left.json['id']}/follow-up/close", headers=staff)
    assert closed.json["follow_up"] == "done"
    client.post(f"{place.url}/plates/{plate.id.hex}/retire", headers=staff)
    assert post("in3", kind="in", via=via).json["code"] == "plate_retired"
    beside = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    assert client.get(f"{place.url}/plates", headers=beside.headers).json["items"] == []


def test_a_day_that_is_called_off_stands_in_for_that_day_of_its_service(client: FlaskClient, day: Day):
    standing, admin = stand(day), day.place.admin.headers
    url = f"{day.place.url}/activities/{standing.id.hex}"
    done = client.post(f"{url}/cancel", json={"day": "2026-11-21", "reason": "大雪"}, headers=admin)
    assert (done.status_code, done.json["status"], done.json["day"]) == (200, "cancelled", "2026-11-21")
    moved = {"day": "2026-11-22", "starts_at": "2026-11-22T10:00:00+08:00"}
    assert client.post(f"{url}/change", json=moved, headers=admin).json["starts_at"] == "2026-11-22T02:00:00+00:00"
    for wrong in ({}, {"day": "2026-11-22"}, {"place": ""}, {"capacity": 0}, {"starts_at": "soon"}, {"name": "x"}):
        assert client.post(f"{url}/change", json=wrong, headers=admin).status_code == 422, wrong
    answer = client.get(f"{day.place.url}/activities/calendar.ics", headers=admin)
    events = [one for one in Calendar.from_ical(answer.data).walk("VEVENT") if one["summary"] == "每日走访"]
    assert len({str(one["uid"]) for one in events}) == 1
    usual = NINE - timedelta(hours=1)
    assert [(one["recurrence-id"].dt, one["status"]) for one in events if "recurrence-id" in one] == [
        (usual + timedelta(days=1), "CANCELLED"), (usual + timedelta(days=2), "CONFIRMED"),
    ]  # fmt: skip


def test_what_is_newer_says_so_or_a_phone_keeps_what_it_has(client: FlaskClient, day: Day):
    admin, starts = day.place.admin.headers, NINE + timedelta(days=2)
    walk = day.another_activity(name="秋游", starts_at=starts, ends_at=starts + timedelta(hours=2))
    url = f"{day.place.url}/activities"

    def told() -> tuple[Any, ...]:
        clock.advance(minutes=1)
        answer = client.get(f"{url}/calendar.ics", headers=admin)
        [event] = [one for one in Calendar.from_ical(answer.data).walk("VEVENT") if one["summary"] == "秋游"]
        assert event["dtstamp"].dt == event["last-modified"].dt
        return event["sequence"], event["dtstamp"].dt, str(event["uid"]), str(event["status"])

    def change(**what: Any) -> tuple[Any, ...]:
        assert client.post(f"{url}/{walk.id.hex}/change", json=what, headers=admin).status_code == 200
        return told()

    stories = [told(), told(), change(place="东门"), change(ends_at="2026-11-22T12:00:00+08:00")]
    assert client.post(f"{url}/{walk.id.hex}/cancel", json={"reason": "雨"}, headers=admin).status_code == 200
    stories.append(told())
    numbers, moments, names, states = zip(*stories, strict=True)
    assert numbers == (0, 0, 1, 2, 3)
    assert list(moments) == sorted(moments)
    assert len(set(moments)) == 4
    assert (len(set(names)), states) == (1, ("CONFIRMED",) * 4 + ("CANCELLED",))
