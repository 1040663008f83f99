"""Expiry of points over HTTP: an admin decides, everybody inside sees it, staff see what expires when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.ledger.rewards.street import Street, open_street


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def decide(client: FlaskClient, street: Street, months: object) -> tuple[int, dict[str, object]]:
    place = street.place
    answer = client.post(f"{place.url}/expiry-policies", json={"months": months}, headers=place.admin.headers)
    return answer.status_code, answer.json


def test_points_do_not_expire_until_somebody_decides_it(client: FlaskClient, street: Street) -> None:
    volunteer = street.volunteer(20)
    answer = client.get(f"{street.place.url}/expiry-policies", headers=volunteer.headers)
    assert answer.json == {"items": [], "next_cursor": None}


def test_an_admin_decides_and_new_points_have_a_date(client: FlaskClient, street: Street) -> None:
    status, decided = decide(client, street, 12)
    assert (status, decided["months"]) == (201, 12)
    volunteer = street.volunteer(20)
    [seen] = client.get(f"{street.place.url}/expiry-policies", headers=volunteer.headers).json["items"]
    assert seen == decided
    schedule = client.get(f"{street.place.url}/expiry-schedule", headers=street.place.admin.headers).json["items"]
    assert schedule == [{"expires_on": "2027-11-30", "points": 20}]


def test_a_decision_is_taken_back_by_another(client: FlaskClient, street: Street) -> None:
    decide(client, street, 12)
    assert decide(client, street, None)[0] == 201
    street.volunteer(20)
    schedule = client.get(f"{street.place.url}/expiry-schedule", headers=street.place.admin.headers).json["items"]
    assert schedule == []


def test_the_same_decision_twice_is_refused(client: FlaskClient, street: Street) -> None:
    decide(client, street, 12)
    status, problem = decide(client, street, 12)
    assert (status, problem["code"]) == (409, "same_policy")


@pytest.mark.parametrize("months", [0, -1, 121, 1.5, "12", True])
def test_months_are_a_whole_number_from_1_to_120(client: FlaskClient, street: Street, months: object) -> None:
    assert decide(client, street, months)[0] == 422


def test_months_must_be_said(client: FlaskClient, street: Street) -> None:
    place = street.place
    assert client.post(f"{place.url}/expiry-policies", json={}, headers=place.admin.headers).status_code == 422
