"""Daily feedback over HTTP: given with a photo, answered, excused, and the calendar of a month."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.ledger.service.feedback_giving import leader, photo
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def ding(place: Neighbourhood) -> Neighbour:
    return leader(place)


def today() -> str:
    return clock.today().isoformat()


def said(place: Neighbourhood, **more: Any) -> dict[str, Any]:
    asked = {"unit_id": place.micro_grid.id.hex, "date": today(), "category": "safety", "text": "路灯坏了"}
    return {name: value for name, value in (asked | more).items() if value is not None}


def upload(client: FlaskClient, who: Neighbour, url: str, content: bytes) -> Any:
    return client.post(f"{url}/files", data={"file": (io.BytesIO(content), "a.txt")}, headers=who.headers)


def test_given_with_a_photo_listed_and_answered(client: FlaskClient, place: Neighbourhood, ding: Neighbour) -> None:
    url, admin = f"{place.url}/feedback", place.admin.headers
    sent = upload(client, ding, place.url, photo())
    assert sent.status_code == 201
    given = client.post(url, json=said(place, file_ids=[sent.json["id"]]), headers=ding.headers)
    assert (given.status_code, given.json["status"]) == (201, "given")
    [row] = client.get(f"{url}?status=waiting&date={today()}", headers=admin).json["items"]
    assert (row["text"], row["category"], row["unit_name"], row["member_name"]) == (
        "路灯坏了", "safety", "第一微网格", "丁大姐",
    )  # fmt: skip
    assert row["file_ids"] == [sent.json["id"]]
    shown = client.get(f"{url}/{row['id']}/photos/{sent.json['id']}.jpg", headers=admin)
    assert (shown.mimetype, shown.data[:2]) == ("image/jpeg", b"\xff\xd8")
    assert (shown.headers["X-Content-Type-Options"], shown.headers["Cache-Control"]) == ("nosniff", "no-store")
    answer = client.post(f"{url}/{row['id']}/answer", json={"answer": "明天修"}, headers=admin)
    assert answer.json == {"id": row["id"], "status": "answered"}
    again = client.post(url, json=said(place), headers=ding.headers)
    assert (again.status_code, again.json["code"]) == (409, "wrong_state")
    [mine] = client.get(f"{url}?mine=true", headers=ding.headers).json["items"]
    assert (mine["status"], mine["answer"]) == ("answered", "明天修")
    assert client.get(f"{url}/{row['id']}", headers=ding.headers).json == mine


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": None},
        {"category": "weather"},
        {"text": ""},
        {"text": "长" * 1001},
        {"nothing": True},
        {"date": "yesterday"},
        {"unit_id": None},
        {"file_ids": ["0" * 32] * 4},
        {"mood": "good"},
    ],
)
def test_what_makes_no_sense_is_refused(
    client: FlaskClient, place: Neighbourhood, ding: Neighbour, wrong: dict[str, Any]
) -> None:
    answer = client.post(f"{place.url}/feedback", json=said(place, **wrong), headers=ding.headers)
    assert answer.status_code == 422


def test_refusals_have_their_names(client: FlaskClient, place: Neighbourhood, ding: Neighbour) -> None:
    url = f"{place.url}/feedback"
    old = client.post(url, json=said(place, date="2026-01-01"), headers=ding.headers)
    assert (old.status_code, old.json["code"]) == (409, "feedback_day")
    foreign = client.post(url, json=said(place, file_ids=["0" * 32]), headers=ding.headers)
    assert foreign.status_code == 404
    volunteer = place.volunteer()
    asked = {"member_id": volunteer.member_id.hex, "unit_id": place.micro_grid.id.hex, "day": today()}
    refused = client.post(f"{url}/excuses", json=asked, headers=place.admin.headers)
    assert refused.json["code"] == "holds_no_post"
    late = asked | {"member_id": ding.member_id.hex, "day": "2199-01-01"}
    assert client.post(f"{url}/excuses", json=late, headers=place.admin.headers).json["code"] == "excuse_day"


def test_files_are_for_holders_and_are_photos(client: FlaskClient, place: Neighbourhood, ding: Neighbour) -> None:
    assert upload(client, place.volunteer(), place.url, photo()).status_code == 403
    refused = upload(client, ding, place.url, b"<script>")
    assert (refused.status_code, refused.json["code"]) == (409, "not_a_photo")
    assert client.post(f"{place.url}/files", data={}, headers=ding.headers).status_code in (415, 422)


def test_the_calendar_of_a_holder(client: FlaskClient, place: Neighbourhood, ding: Neighbour) -> None:
    url = f"{place.url}/feedback"
    address = f"{url}/calendar?member_id={ding.member_id.hex}&month={today()[:7]}"
    [day] = client.get(address, headers=place.admin.headers).json["items"]
    assert (day["date"], day["status"], day["feedback_id"]) == (today(), "not_yet", None)
    asked = {"member_id": ding.member_id.hex, "unit_id": place.micro_grid.id.hex, "day": today()}
    assert client.post(f"{url}/excuses", json=asked, headers=place.admin.headers).json["status"] == "excused"
    [day] = client.get(f"{url}/calendar", headers=ding.headers).json["items"]
    assert (day["status"], day["unit_name"]) == ("excused", "第一微网格")
    assert client.get(address, headers=place.volunteer().headers).status_code == 403
    assert client.get(f"{url}/calendar?month=x", headers=ding.headers).status_code == 422


def test_of_two_pages_each_feedback_stands_on_one(client: FlaskClient, place: Neighbourhood) -> None:
    for name in ("甲", "乙", "丙"):
        who = leader(place, name)
        client.post(f"{place.url}/feedback", json=said(place), headers=who.headers)
    for status in ("", "status=waiting&"):
        url = f"{place.url}/feedback?{status}limit=2"
        first = client.get(url, headers=place.admin.headers).json
        second = client.get(f"{url}&cursor={first['next_cursor']}", headers=place.admin.headers).json
        assert len({one["id"] for one in first["items"] + second["items"]}) == 3
        assert second["next_cursor"] is None
