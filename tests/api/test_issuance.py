"""The monthly issuance over HTTP: a public figure inside the community, a budget that only an admin sets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.ledger.service.day import Day, open_day
from tests.stories import open_neighbourhood


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def test_a_month_is_read_and_its_budget_set_by_who_has_read_it(client: FlaskClient, day: Day):
    day.stamped(day.place.volunteer())
    url, admin, reader = f"{day.place.url}/issuance", day.place.admin.headers, day.place.volunteer("王强").headers
    first = client.get(url, headers=reader)
    assert first.json == {
        "month": "2026-11", "points": 10, "budget_points": None, "percent": None, "level": None, "version": 0,
        "programmes": [
            {"programme_id": day.programme.id.hex, "name": "巡逻", "points": 10, "budget_points": None}
        ],
    }  # fmt: skip
    if_match = {"If-Match": first.headers["ETag"]}
    assert client.put(f"{url}/budget", json={"points": 12}, headers=admin).status_code == 428
    done = client.put(f"{url}/budget", json={"points": 12}, headers=admin | if_match)
    assert (done.status_code, done.json["percent"], done.json["level"], done.json["version"]) == (200, 83, 80, 1)
    lost = client.put(f"{url}/budget", json={"points": 13}, headers=admin | if_match)
    assert (lost.status_code, lost.json["code"]) == (412, "version_changed")
    told = client.get("/api/v1/me/notices", headers=day.place.treasurer.headers).json["items"]
    assert any("80%" in one["sentence"] or "80 %" in one["sentence"] for one in told)
    assert client.get(f"{url}?month=2026-10", headers=reader).json["points"] == 0


def test_a_budget_is_a_number_or_none_and_belongs_to_its_community(client: FlaskClient, day: Day):
    url, admin = f"{day.place.url}/issuance/budget", day.place.admin.headers | {"If-Match": '"0"'}
    for wrong in ({}, {"points": 0}, {"points": -1}, {"points": "9"}, {"points": 10**9}, {"points": 1, "surprise": 1}):
        assert client.put(url, json=wrong, headers=admin).status_code == 422, wrong
    assert client.get(f"{day.place.url}/issuance?month=soon", headers=admin).status_code == 422
    stranger = open_neighbourhood("北塔社区").admin.headers | {"If-Match": '"0"'}
    assert client.put(url, json={"points": 5}, headers=stranger).status_code == 404
    treasurer = day.place.treasurer.headers | {"If-Match": '"0"'}
    assert client.put(url, json={"points": 5}, headers=treasurer).status_code == 403
