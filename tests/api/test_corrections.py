"""Corrections and childhood over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.core import clock
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


def test_asked_listed_and_corrected(client: FlaskClient, place: Neighbourhood) -> None:
    lin, admin = place.volunteer(), place.admin
    asked = {"about": "name", "wanted": "林秀芬", "note": "身份证"}
    made = client.post(f"{place.url}/corrections", json=asked, headers=lin.headers)
    assert (made.status_code, made.json["status"]) == (201, "asked")
    again = client.post(f"{place.url}/corrections", json=asked, headers=lin.headers)
    assert (again.status_code, again.json["code"]) == (409, "already_exists")
    [row] = client.get(f"{place.url}/corrections?status=asked", headers=admin.headers).json["items"]
    assert (row["member_id"], row["wanted"], row["note"]) == (lin.member_id.hex, "林秀芬", "身份证")
    path = f"{place.url}/corrections/{row['id']}"
    assert client.post(f"{path}/make", json={}, headers=admin.headers).json["status"] == "done"
    assert client.post(f"{path}/refuse", json={"answer": "不"}, headers=admin.headers).json["code"] == "wrong_state"
    [mine] = client.get(f"{place.url}/corrections?mine=true", headers=lin.headers).json["items"]
    assert (mine["status"], mine["member_name"]) == ("done", "林秀芬")
    assert client.get(path, headers=lin.headers).json == mine


@pytest.mark.parametrize(
    "asked", [{}, {"about": "phone", "wanted": "1"}, {"about": "name", "wanted": "长" * 81}, {"about": "name"}]
)
def test_what_makes_no_sense_is_refused(client: FlaskClient, place: Neighbourhood, asked: dict[str, str]) -> None:
    answer = client.post(f"{place.url}/corrections", json=asked, headers=place.volunteer().headers)
    assert answer.status_code == 422


def test_of_two_pages_each_request_stands_on_one(client: FlaskClient, place: Neighbourhood) -> None:
    for person in (place.volunteer(), place.volunteer(), place.volunteer()):
        client.post(f"{place.url}/corrections", json={"about": "other", "wanted": "别的"}, headers=person.headers)
    first = client.get(f"{place.url}/corrections?limit=2", headers=place.admin.headers).json
    second = client.get(
        f"{place.url}/corrections?limit=2&cursor={first['next_cursor']}", headers=place.admin.headers
    ).json
    assert len({one["id"] for one in first["items"] + second["items"]}) == 3
    assert second["next_cursor"] is None


def test_a_guardian_is_named_agrees_and_decides(client: FlaskClient, place: Neighbourhood) -> None:
    pupil, mother = place.volunteer("小明"), place.volunteer("王芳")
    address = f"{place.url}/members/{pupil.member_id.hex}"
    birthday = (clock.today() + timedelta(days=100)).isoformat()
    said = client.post(f"{address}/childhood", json={"until": birthday}, headers=pupil.headers).json
    assert (said["until"], said["has_guardian"]) == (birthday, False)
    refused = client.post("/api/v1/me/consents", json={"purpose": "service", "given": True}, headers=pupil.headers)
    assert (refused.status_code, refused.json["code"]) == (409, "guardian_decides")
    named = {"helper_id": mother.member_id.hex, "relation": "parent", "is_guardian": True}
    named |= {"is_in_presence": True, "note": "户口本"}
    link = client.post(f"{address}/helpers", json=named, headers=place.admin.headers).json
    assert link["is_guardian"]
    client.post(f"{place.url}/helpers/{link['id']}/agree", json={}, headers=mother.headers)
    decided = client.post(
        f"{address}/consents", json={"purpose": "location", "given": True}, headers=mother.headers
    ).json
    given = {one["purpose"] for one in decided["consents"] if one["given_at"]}
    assert given == {"service", "location"}


@pytest.mark.parametrize("until", ["2020-01-01", "2199-01-01", "tomorrow", 5])
def test_a_birthday_lies_ahead_within_fourteen_years(client: FlaskClient, place: Neighbourhood, until: object) -> None:
    pupil = place.volunteer()
    answer = client.post(
        f"{place.url}/members/{pupil.member_id.hex}/childhood", json={"until": until}, headers=pupil.headers
    )
    assert answer.status_code == 422
