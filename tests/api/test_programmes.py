"""Programmes over HTTP: versioned rules, and who may touch them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.ledger.service.day import Day, open_day
from tests.stories import open_neighbourhood

RULE = {"basis": "per_hour", "points": 5, "rounding_minutes": 15, "max_points": 20}


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def make(client: FlaskClient, day: Day, **changed: Any) -> Any:
    body = {"name": "送餐", "rule": RULE} | changed
    return client.post(f"{day.place.url}/programmes", json=body, headers=day.place.admin.headers)


def test_a_programme_is_made_found_and_listed(client: FlaskClient, day: Day):
    made = make(client, day)
    assert made.status_code == 201
    reader = day.place.volunteer().headers
    found = client.get(f"{day.place.url}/programmes/{made.json['id']}", headers=reader)
    assert found.json == made.json
    assert found.json["rule"] | RULE == found.json["rule"]
    listed = client.get(f"{day.place.url}/programmes", headers=reader).json
    assert [item["name"] for item in listed["items"]] == ["送餐", "巡逻"]


def test_the_list_goes_on_after_its_cursor(client: FlaskClient, day: Day):
    make(client, day)
    url, reader = f"{day.place.url}/programmes", day.place.admin.headers
    first = client.get(f"{url}?limit=1", headers=reader).json
    rest = client.get(f"{url}?limit=1&cursor={first['next_cursor']}", headers=reader).json
    assert ([item["name"] for item in rest["items"]], rest["next_cursor"]) == (["巡逻"], None)


def test_a_name_is_used_once(client: FlaskClient, day: Day):
    make(client, day)
    again = make(client, day)
    assert (again.status_code, again.json["code"]) == (409, "already_exists")


def test_a_rule_is_changed_by_who_has_read_it(client: FlaskClient, day: Day):
    url, admin = f"{day.place.url}/programmes/{day.programme.id.hex}", day.place.admin.headers
    etag = client.get(url, headers=admin).headers["ETag"]
    changed = client.put(f"{url}/rule", json=RULE, headers=admin | {"If-Match": etag})
    assert (changed.status_code, changed.json["rule"]["version"]) == (200, 2)
    assert client.get(url, headers=admin).headers["ETag"] != etag


def test_a_rule_is_not_changed_blindly(client: FlaskClient, day: Day):
    url, admin = f"{day.place.url}/programmes/{day.programme.id.hex}/rule", day.place.admin.headers
    assert client.put(url, json=RULE, headers=admin).status_code == 428


@pytest.mark.parametrize("etag", ['"2"', '"0"', "*", "abc", '"99999999999999999999"', '"١"'])
def test_a_lost_race_for_a_rule_is_told(client: FlaskClient, day: Day, etag):
    url, admin = f"{day.place.url}/programmes/{day.programme.id.hex}/rule", day.place.admin.headers
    lost = client.put(url, json=RULE, headers=admin | {"If-Match": etag.encode().decode("latin-1")})
    assert (lost.status_code, lost.json["code"]) == (412, "version_changed")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"name": 5},
        {"surprise": 1},
        {"rule": RULE | {"points": 0}},
        {"rule": RULE | {"points": -1}},
        {"rule": RULE | {"points": 10**9}},
        {"rule": RULE | {"points": "5"}},
        {"rule": RULE | {"points": 1.5}},
        {"rule": RULE | {"rounding_minutes": 7}},
        {"rule": RULE | {"basis": "per_moon"}},
        {"rule": RULE | {"max_points": 0}},
        {"rule": RULE | {"surprise": 1}},
        {"rule": None},
    ],
)
def test_a_malformed_programme_is_refused_by_field(client: FlaskClient, day: Day, changed):
    refused = make(client, day, **changed)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid")
    assert refused.json["errors"]


ROUTES = [
    ("get", "programmes", None),
    ("post", "programmes", {"name": "送餐", "rule": RULE}),
    ("get", "programmes/{programme}", None),
    ("put", "programmes/{programme}/rule", RULE),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_strangers_and_the_anonymous_stay_outside(client: FlaskClient, day: Day, method, path, body):
    url = f"{day.place.url}/{path.format(programme=day.programme.id.hex)}"
    stranger = open_neighbourhood("北塔社区").admin.headers | {"If-Match": '"1"'}
    assert client.open(url, method=method, json=body, headers=stranger).status_code == 404
    assert client.open(url, method=method, json=body).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), [route for route in ROUTES if route[0] != "get"])
def test_only_an_admin_changes_programmes(client: FlaskClient, day: Day, method, path, body):
    url = f"{day.place.url}/{path.format(programme=day.programme.id.hex)}"
    for person in (day.place.volunteer(), day.place.coordinator, day.place.stamper, day.place.treasurer):
        refused = client.open(url, method=method, json=body, headers=person.headers | {"If-Match": '"1"'})
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_ids_of_other_communities_and_malformed_ones_are_not_found(client: FlaskClient, day: Day):
    elsewhere = open_neighbourhood("北塔社区")
    for programme_id in (day.programme.id.hex, "x", "0" * 32):
        url = f"{elsewhere.url}/programmes/{programme_id}"
        assert client.get(url, headers=elsewhere.admin.headers).status_code == 404


COMPLETE = RULE | {
    "max_points_day": 20, "max_points_week": 60, "max_points_month": 200, "max_points_member": 2000,
    "budget_points": 9000, "evidence": {"poster": "second", "later": "none"},
    "multipliers": [{"post": "micro_grid_leader", "percent": 150}, {"post": "unit_steward", "percent": 120}],
}  # fmt: skip


def test_a_complete_rule_is_kept_as_it_was_said_and_a_plain_one_has_no_caps(client: FlaskClient, day: Day):
    made = make(client, day, rule=COMPLETE).json["rule"]
    assert made | COMPLETE == made
    plain = make(client, day, name="探访").json["rule"]
    assert (plain["max_points_day"], plain["budget_points"], plain["multipliers"], plain["evidence"]) == (
        None, None, [], {},
    )  # fmt: skip


def test_what_makes_no_complete_rule_is_refused_by_field(client: FlaskClient, day: Day):
    twice = [{"post": "unit_steward", "percent": 150}] * 2
    wrong: list[dict[str, Any]] = [
        {"max_points_day": 0}, {"max_points_member": 10**9}, {"budget_points": "9"}, {"budget_points": 0},
        {"multipliers": [{"post": "unit_steward", "percent": 99}]},
        {"multipliers": [{"post": "unit_steward", "percent": 501}]},
        {"multipliers": [{"post": "mayor", "percent": 150}]}, {"multipliers": twice}, {"multipliers": {}},
        {"evidence": {"poster": "half"}}, {"evidence": {"rumour": "none"}}, {"evidence": []},
    ]  # fmt: skip
    for changed in wrong:
        refused = make(client, day, rule=RULE | changed)
        assert (refused.status_code, refused.json["code"]) == (422, "invalid"), changed


def test_a_rule_is_tried_out_without_being_stored(client: FlaskClient, day: Day):
    person = day.place.volunteer()
    day.stamped(person)
    url, admin = f"{day.place.url}/programmes/{day.programme.id.hex}", day.place.admin.headers
    asked = {"terms": COMPLETE | {"basis": "per_visit", "points": 7}, "month": "2026-11"}
    tried = client.post(f"{url}/dry-run", json=asked, headers=admin)
    assert tried.status_code == 200
    assert tried.json["rows"] == [
        {
            "member_id": person.member_id.hex, "member_name": "林秀芳", "visits": 1,
            "points_now": 10, "points_then": 7, "difference": -3,
        }
    ]  # fmt: skip
    assert {name: tried.json[name] for name in ("month", "visits", "members", "difference", "waiting")} == {
        "month": "2026-11", "visits": 1, "members": 1, "difference": -3, "waiting": 0,
    }  # fmt: skip
    assert client.get(url, headers=admin).json["rule"]["version"] == 1
    assert client.post(f"{url}/dry-run", json={"terms": RULE, "month": "2026"}, headers=admin).status_code == 422


def test_a_visit_that_the_budget_cannot_pay_is_refused_by_its_reason(client: FlaskClient, day: Day):
    visit = day.served(day.place.volunteer())
    url, admin = f"{day.place.url}/programmes/{day.programme.id.hex}", day.place.admin.headers
    # The rule in force when the credit began decides: it gets its budget before the visit of the day after.
    client.put(f"{url}/rule", json=RULE | {"budget_points": 5}, headers=admin | {"If-Match": '"1"'})
    tomorrow = day.another_activity(starts_at=clock.now(), ends_at=clock.now() + (visit.left_at - visit.arrived_at))
    person = day.place.volunteer("王强")
    day.arrive(person, tomorrow.starts_at, to=tomorrow)
    waiting = day.leave(person, tomorrow.ends_at, to=tomorrow)
    asked = {"checkin_ids": [visit.id.hex, waiting.id.hex], "decision": "stamp", "preview": True}
    shown = client.post(f"{day.place.url}/stamps", json=asked, headers=day.place.stamper.headers).json
    assert [(row["points"], row["code"]) for row in shown["results"]] == [(10, None), (0, "budget_exhausted")]
