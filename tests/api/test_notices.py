"""The inbox over HTTP."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.core.db import atomic
from ledger.people import members
from ledger.people.notices import declare, tell
from tests.stories import Neighbourhood, open_neighbourhood

TOLD = declare("test.told", zh="记了 {points} 朵。", en="{points} points were written.")


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


def test_a_journey_through_the_inbox(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    for points in (1, 2, 3):
        atomic(tell)(place.id, lin.person_id, TOLD, points=points, by=place.admin.person_id.hex)
    first = client.get("/api/v1/me/notices?limit=2", headers=lin.headers | {"Accept-Language": "en"}).json
    assert [row["sentence"] for row in first["items"]] == ["3 points were written.", "2 points were written."]
    assert (first["unread"], first["items"][0]["by_name"], first["items"][0]["read_at"]) == (3, "李社工", None)
    rest = client.get(f"/api/v1/me/notices?cursor={first['next_cursor']}", headers=lin.headers).json
    assert ([row["sentence"] for row in rest["items"]], rest["next_cursor"]) == (["记了 1 朵。"], None)
    oldest = client.get("/api/v1/me/notices?sort=oldest&limit=1", headers=lin.headers).json
    assert [row["sentence"] for row in oldest["items"]] == ["记了 1 朵。"]
    read = client.post(f"/api/v1/me/notices/{rest['items'][0]['id']}/read", headers=lin.headers)
    assert (read.status_code, read.json["read_at"] is not None) == (200, True)
    left = client.get("/api/v1/me/notices?unread=true", headers=lin.headers).json
    assert (len(left["items"]), left["unread"]) == (2, 2)
    assert client.post("/api/v1/me/notices/read", headers=lin.headers).json == {"read": 2}


def test_anothers_notice_and_a_malformed_id_are_not_found(client: FlaskClient, place: Neighbourhood) -> None:
    notice = atomic(tell)(place.id, place.volunteer().person_id, TOLD, points=1)
    for bad in (notice.id.hex, "x"):
        answer = client.post(f"/api/v1/me/notices/{bad}/read", headers=place.volunteer().headers)
        assert answer.status_code == 404


def test_staff_hand_paper_notices_over(client: FlaskClient, place: Neighbourhood) -> None:
    elder = members.add_member(place.admin.actor, "王奶奶", unit_id=place.micro_grid.id)
    atomic(tell)(place.id, elder.person_id, TOLD, points=1)
    headers = place.coordinator.headers
    [row] = client.get(f"{place.url}/paper-notices", headers=headers).json["items"]
    assert (row["member_name"], row["unit_name"], row["sentence"]) == ("王奶奶", "第一微网格", "记了 1 朵。")
    path = f"{place.url}/paper-notices/hand-over"
    assert client.post(path, json={"notice_ids": [row["id"]]}, headers=headers).json == {"handed_over": 1}
    assert client.get(f"{place.url}/paper-notices", headers=headers).json["items"] == []
    assert client.post(path, json={"notice_ids": []}, headers=headers).status_code == 422
