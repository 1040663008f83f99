"""The audit over HTTP: filters, and whose lines one sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from ledger.people import members
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def lines(client: FlaskClient, place: Neighbourhood, who: object, **asked: object) -> list[dict[str, object]]:
    answer = client.get(f"{place.url}/audit", query_string=asked, headers=who.headers)  # type: ignore[attr-defined]
    assert answer.status_code == 200, answer.json
    found: list[dict[str, object]] = answer.json["items"]
    return found


def test_lines_are_found_by_actor_act_thing_and_outcome(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    client.post(f"{place.url}/members", json={"name": "新人"}, headers=lin.headers)
    [refused] = lines(client, place, place.admin, refused="true")
    assert (refused["actor_id"], refused["outcome"]) == (lin.person_id.hex, "forbidden")
    assert refused["origin"]
    assert lines(client, place, place.admin, outcome="forbidden", actor_id=place.admin.person_id.hex) == []
    joined = lines(client, place, place.admin, action="people.join", thing_id=lin.member_id.hex)
    assert [line["on_behalf_of"] for line in joined] == [lin.person_id.hex]
    assert {str(line["action"]).partition(".")[0] for line in lines(client, place, place.admin, action="people.")} == {
        "people"
    }


def test_lines_are_found_by_time(client: FlaskClient, place: Neighbourhood) -> None:
    now = clock.now()
    assert lines(client, place, place.admin, since=(now + timedelta(hours=1)).isoformat()) == []
    assert lines(client, place, place.admin, until=(now - timedelta(hours=1)).isoformat()) == []
    assert lines(client, place, place.admin, since=(now - timedelta(hours=1)).isoformat())


def test_a_member_sees_what_they_did_and_what_was_done_for_them(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    members.add_member(place.admin.actor, "别人")
    found = lines(client, place, lin)
    assert {line["on_behalf_of"] for line in found} == {lin.person_id.hex}
    assert lines(client, place, lin, actor_id=place.treasurer.person_id.hex) == []
