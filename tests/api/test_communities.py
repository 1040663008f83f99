"""The community itself over HTTP: everybody inside reads its telephone, an admin changes it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.stories import Neighbourhood, open_neighbourhood, street_officer


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def change(client: FlaskClient, place: Neighbourhood, **body: object) -> tuple[int, dict[str, object]]:
    answer = client.patch(place.url, json=body, headers=place.admin.headers)
    return answer.status_code, answer.json


def test_a_community_has_no_telephone_at_first(client: FlaskClient, place: Neighbourhood) -> None:
    answer = client.get(place.url, headers=place.volunteer().headers)
    assert answer.json == {
        "id": place.id.hex, "name": "南华社区", "short_code": "NH", "is_demo": False, "telephone": None,
    }  # fmt: skip


def test_an_admin_gives_it_one_that_everybody_inside_reads(client: FlaskClient, place: Neighbourhood) -> None:
    assert change(client, place, telephone="(0758) 281 2345")[1]["telephone"] == "0758-2812345"
    for reader in (place.volunteer(), place.treasurer, place.supervisor, street_officer(place.community)):
        assert client.get(place.url, headers=reader.headers).json["telephone"] == "0758-2812345"


def test_it_is_taken_away_again(client: FlaskClient, place: Neighbourhood) -> None:
    change(client, place, telephone="0758-2812345")
    assert change(client, place, telephone=None)[1]["telephone"] is None


@pytest.mark.parametrize("telephone", ["110", "2812345", "0758-28123456789", "+44 20 7946 0000", "javascript:alert(1)"])
def test_what_cannot_be_called_is_refused_with_its_reason(
    client: FlaskClient, place: Neighbourhood, telephone: str
) -> None:
    status, problem = change(client, place, telephone=telephone)
    assert (status, problem["code"]) == (409, "not_a_telephone")
    assert client.get(place.url, headers=place.admin.headers).json["telephone"] is None


@pytest.mark.parametrize(
    "body", [{}, {"telephone": ""}, {"telephone": 7582812345}, {"telephone": "0" * 33}, {"name": "北塔社区"}]
)
def test_the_form_of_the_request_is_kept(client: FlaskClient, place: Neighbourhood, body: dict[str, object]) -> None:
    assert change(client, place, **body)[0] == 422


def test_nobody_else_changes_it_and_a_stranger_finds_no_community(client: FlaskClient, place: Neighbourhood) -> None:
    body = {"telephone": "0758-2812345"}
    assert client.patch(place.url, json=body, headers=place.treasurer.headers).status_code == 403
    stranger = open_neighbourhood("北塔社区").admin
    assert client.patch(place.url, json=body, headers=stranger.headers).status_code == 404
    assert client.get(place.url, headers=stranger.headers).status_code == 404
