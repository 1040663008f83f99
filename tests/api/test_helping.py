"""Helpers over HTTP: named, agreed, ended; what the list says is what the single link says."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.people import members
from ledger.people.consents import give
from ledger.people.models import Purpose
from tests.stories import Neighbour, Neighbourhood, neighbour, next_phone, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


def with_phone(place: Neighbourhood, name: str) -> tuple[Neighbour, str]:
    phone = next_phone()
    member = members.add_member(place.admin.actor, name, unit_id=place.micro_grid.id, phone=phone)
    give(member.person_id, [Purpose.SERVICE])
    return neighbour(place.id, name, member.person_id, member.id), phone


def test_a_journey_from_the_name_to_the_end(client: FlaskClient, place: Neighbourhood) -> None:
    lin, (daughter, phone) = place.volunteer(), with_phone(place, "林小燕")
    url = f"{place.url}/members/{lin.member_id.hex}/helpers"
    body = {"name": "林小燕", "phone": phone, "relation": "child"}
    asked = client.post(url, json=body, headers=lin.headers)
    assert (asked.status_code, asked.json["status"], asked.json["accepted_at"]) == (201, "asked", None)
    link = f"{place.url}/helpers/{asked.json['id']}"
    assert client.post(f"{link}/agree", headers=daughter.headers).json["status"] == "live"
    [listed] = client.get(url, headers=lin.headers).json["items"]
    assert listed == client.get(link, headers=daughter.headers).json
    assert (listed["member_name"], listed["helper_name"], listed["status"]) == ("林秀芳", "林小燕", "live")
    helped = client.get(f"{place.url}/members/{daughter.member_id.hex}/helped", headers=daughter.headers).json
    assert [one["id"] for one in helped["items"]] == [listed["id"]]
    assert client.post(f"{link}/end", headers=lin.headers).json["status"] == "ended"
    again = client.post(f"{link}/end", headers=lin.headers)
    assert (again.status_code, again.json["code"]) == (409, "wrong_state")


def test_staff_register_with_the_members_word(client: FlaskClient, place: Neighbourhood) -> None:
    lin, (daughter, _) = place.volunteer(), with_phone(place, "林小燕")
    url = f"{place.url}/members/{lin.member_id.hex}/helpers"
    body: dict[str, Any] = {"helper_id": daughter.member_id.hex, "relation": "child", "is_in_presence": True}
    assert client.post(url, json=body, headers=place.coordinator.headers).status_code == 422
    said = client.post(url, json=body | {"note": "在家中口头同意"}, headers=place.coordinator.headers)
    assert (said.status_code, said.json["consented_at"] is not None) == (201, True)


@pytest.mark.parametrize(
    "body",
    [
        {"relation": "child"},
        {"relation": "child", "name": "林小燕"},
        {"relation": "friend", "name": "林小燕", "phone": "13900000001"},
        {"relation": "child", "helper_id": "0" * 32, "name": "林小燕", "phone": "13900000001"},
    ],
)
def test_a_helper_is_named_in_one_way(client: FlaskClient, place: Neighbourhood, body: dict[str, Any]) -> None:
    lin = place.volunteer()
    answer = client.post(f"{place.url}/members/{lin.member_id.hex}/helpers", json=body, headers=lin.headers)
    assert answer.status_code == 422


def test_an_unknown_helper_is_refused_and_the_eleventh_guess_waits(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    url = f"{place.url}/members/{lin.member_id.hex}/helpers"
    body = {"name": "林小燕", "phone": next_phone(), "relation": "child"}
    codes = [client.post(url, json=body, headers=lin.headers) for _ in range(11)]
    assert [one.json["code"] for one in codes] == ["helper_unknown"] * 10 + ["too_many_requests"]
    assert 0 < int(codes[-1].headers["Retry-After"]) <= 3600
