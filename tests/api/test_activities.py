"""Activities over HTTP: planned, cancelled, found; poster and live code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.core.tenancy import Role
from tests.ledger.service.day import NINE, Day, open_day
from tests.stories import open_neighbourhood


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def body(day: Day, **changed: Any) -> dict[str, Any]:
    return {
        "programme_id": day.programme.id.hex,
        "unit_id": day.place.grid.id.hex,
        "name": "夜间巡逻",
        "place": "西门",
        "starts_at": "2026-11-20T19:00:00+08:00",
        "ends_at": "2026-11-20T21:00:00+08:00",
    } | changed


def plan(client: FlaskClient, day: Day, **changed: Any) -> Any:
    return client.post(f"{day.place.url}/activities", json=body(day, **changed), headers=day.place.admin.headers)


def test_an_activity_is_planned_found_and_listed(client: FlaskClient, day: Day):
    planned = plan(client, day, position={"latitude": 38.486, "longitude": 106.278}, capacity=20)
    assert planned.status_code == 201
    assert planned.json["starts_at"].startswith("2026-11-20T11:00:00")
    url, admin = f"{day.place.url}/activities", day.place.admin.headers
    assert client.get(f"{url}/{planned.json['id']}", headers=admin).json == planned.json
    assert [item["name"] for item in client.get(url, headers=admin).json["items"]] == ["夜间巡逻", "早间巡逻"]


def test_activities_are_found_by_time_and_unit(client: FlaskClient, day: Day):
    plan(client, day)
    beside = day.place.grid_beside()
    url, reader = f"{day.place.url}/activities", day.place.volunteer().headers

    def names(query: str) -> list[str]:
        return [item["name"] for item in client.get(f"{url}?{query}", headers=reader).json["items"]]

    assert names("since=2026-11-20T10:00:00Z") == ["夜间巡逻"]
    assert names("until=2026-11-20T10:00:00Z") == ["早间巡逻"]
    assert names(f"unit_id={day.place.root.id.hex}&limit=1") == ["夜间巡逻"]
    assert names(f"unit_id={beside.id.hex}") == []


def test_the_poster_code_is_shown_to_those_who_print_it(client: FlaskClient, day: Day):
    url = f"{day.place.url}/activities/{day.activity.id.hex}"
    shown = [
        client.get(url, headers=person.headers).json["poster_code"]
        for person in (day.place.admin, day.place.coordinator, day.place.volunteer(), day.place.stamper)
    ]
    assert shown == [day.activity.poster_code, day.activity.poster_code, None, None]


@pytest.mark.parametrize(("kind", "starts"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_poster_is_a_picture(client: FlaskClient, day: Day, kind, starts):
    url = f"{day.place.url}/activities/{day.activity.id.hex}/poster.{kind}"
    picture = client.get(url, headers=day.place.admin.headers)
    assert picture.status_code == 200
    assert picture.data.startswith(starts)
    assert picture.content_type.startswith("image/")


def test_a_poster_opens_the_page_of_its_place(client: FlaskClient, day: Day):
    import qrcode

    from api import qr

    with client.application.test_request_context("https://flower.example/"):
        url = qr.site_url(day.activity.poster_code)
        drawn = qr.svg(url).data
    code = qrcode.QRCode()
    code.add_data(url)
    assert url == f"https://flower.example/q/{day.activity.poster_code}"
    assert b"<path" in drawn


def test_the_live_code_is_what_the_scan_accepts(client: FlaskClient, day: Day):
    clock.move_to(NINE)
    url = f"{day.place.url}/activities/{day.activity.id.hex}/live-code"
    live = client.get(url, headers=day.place.coordinator.headers).json
    assert live["url"].endswith(f"/q/{live['code']}")
    scan = client.post("/api/v1/scans", json={"code": live["code"], "nonce": "browser-1"})
    assert (scan.status_code, scan.json["evidence"]) == (200, "live_code")


def test_an_activity_is_cancelled_with_its_reason(client: FlaskClient, day: Day):
    url = f"{day.place.url}/activities/{day.activity.id.hex}/cancel"
    cancelled = client.post(url, json={"reason": "下雨"}, headers=day.place.admin.headers)
    assert (cancelled.status_code, cancelled.json["status"], cancelled.json["cancel_reason"]) == (
        200,
        "cancelled",
        "下雨",
    )
    again = client.post(url, json={"reason": "下雨"}, headers=day.place.admin.headers)
    assert (again.status_code, again.json["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"ends_at": "2026-11-20T19:00:00+08:00"}, 409, "activity_times"),
        ({"ends_at": "2026-11-22T19:00:00+08:00"}, 409, "activity_times"),
        ({"ends_at": "2026-11-20T21:00:00"}, 422, "invalid"),
        ({"ends_at": "9999-12-31T23:59:59Z"}, 422, "invalid"),
        ({"capacity": 0}, 422, "invalid"),
        ({"position": {"latitude": 91, "longitude": 0}}, 422, "invalid"),
        ({"position": {"latitude": "NaN", "longitude": 0}}, 422, "invalid"),
        ({"place": "x" * 121}, 422, "invalid"),
        ({"surprise": 1}, 422, "invalid"),
        ({"programme_id": "0" * 32}, 404, "not_found"),
        ({"unit_id": "x"}, 404, "not_found"),
        ({"unit_id": 7}, 422, "invalid"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(client: FlaskClient, day: Day, changed, status, code):
    refused = plan(client, day, **changed)
    assert (refused.status_code, refused.json["code"]) == (status, code)


def routes(day: Day) -> list[tuple[str, str, Any]]:
    one = f"activities/{day.activity.id.hex}"
    return [
        ("GET", "activities", None),
        ("POST", "activities", body(day)),
        ("GET", one, None),
        ("POST", f"{one}/cancel", {"reason": "下雨"}),
        ("GET", f"{one}/poster.svg", None),
        ("GET", f"{one}/poster.png", None),
        ("GET", f"{one}/live-code", None),
    ]


def test_strangers_and_the_anonymous_stay_outside(client: FlaskClient, day: Day):
    stranger = open_neighbourhood("北塔社区").admin.headers
    for method, path, sent in routes(day):
        url = f"{day.place.url}/{path}"
        assert client.open(url, method=method, json=sent, headers=stranger).status_code == 404, path
        assert client.open(url, method=method, json=sent).status_code == 401, path


def test_an_activity_of_another_community_is_not_found_in_ones_own(client: FlaskClient, day: Day):
    elsewhere = open_neighbourhood("北塔社区")
    for method, path, sent in routes(day)[2:]:
        url = f"{elsewhere.url}/{path}"
        assert client.open(url, method=method, json=sent, headers=elsewhere.admin.headers).status_code == 404, path


def test_only_those_who_manage_the_part_do_more_than_look(client: FlaskClient, day: Day):
    beside = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    managing = [route for route in routes(day) if route[:2] not in {("GET", "activities"), routes(day)[2][:2]}]
    for person in (day.place.volunteer(), day.place.stamper, day.place.treasurer, beside):
        for method, path, sent in managing:
            refused = client.open(f"{day.place.url}/{path}", method=method, json=sent, headers=person.headers)
            assert (refused.status_code, refused.json["code"]) == (403, "forbidden"), path
