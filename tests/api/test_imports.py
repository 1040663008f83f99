"""Importing over HTTP: a file in, its faults out, and a second person before anything is written."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from ledger.core.tenancy import Role
from ledger.people import members
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood

LIST = "姓名,手机,红花\n林秀芳,,36\n"


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def upload(client: FlaskClient, who: Neighbour, url: str, content: str | bytes, kind: str = "members") -> Any:
    raw = content.encode() if isinstance(content, str) else content
    form = {"kind": kind, "file": (io.BytesIO(raw), "名单.csv")}
    return client.post(f"{url}/imports", data=form, headers=who.headers)


def step(client: FlaskClient, who: Neighbour, url: str, name: str, *, key: str = "k", body: Any = None) -> Any:
    return client.post(f"{url}/{name}", json=body or {}, headers=who.headers | {"Idempotency-Key": key})


def test_a_list_goes_from_the_file_into_the_members(client: FlaskClient, place: Neighbourhood) -> None:
    checked = upload(client, place.admin, place.url, "姓名\n林秀芳\n陈刚\n")
    assert (checked.status_code, checked.json["status"], checked.json["row_count"]) == (201, "checked", 2)
    url = f"{place.url}/imports/{checked.json['id']}"
    assert step(client, place.admin, url, "ask").json["status"] == "awaiting_second"
    assert step(client, place.admin, url, "approve").json["code"] == "own_step"
    done = step(client, place.treasurer, url, "approve", key="a")
    assert (done.status_code, done.json["status"]) == (200, "done")
    again = step(client, place.treasurer, url, "approve", key="a")
    assert again.headers["Idempotency-Hit"] == "true"
    assert step(client, place.treasurer, url, "approve", key="b").json["code"] == "wrong_state"
    names = {one.name for one, _ in members.list_members(place.admin.actor)}
    assert {"林秀芳", "陈刚"} <= names
    found = client.get(f"{place.url}/imports", headers=place.supervisor.headers).json["items"]
    assert [one["id"] for one in found] == [checked.json["id"]]


def test_faults_are_told_by_row_and_nothing_of_the_row_is(client: FlaskClient, place: Neighbourhood) -> None:
    found = upload(client, place.admin, place.url, "姓名,手机\n林秀芳,139\n").json
    assert found["status"] == "faulty"
    assert [(one["row"], one["column"], one["code"]) for one in found["faults"]] == [(2, "phone", "phone_malformed")]
    assert "139" not in str(found["faults"])
    in_english = client.get(
        f"{place.url}/imports/{found['id']}", headers=place.admin.headers | {"Accept-Language": "en"}
    )
    assert in_english.json["faults"][0]["sentence"] == "Not a mobile number of 11 digits."
    refused = step(client, place.admin, f"{place.url}/imports/{found['id']}", "ask")
    assert (refused.status_code, refused.json["code"]) == (409, "import_faulty")


def test_opening_balances_reach_the_wallet(client: FlaskClient, place: Neighbourhood) -> None:
    lin = place.volunteer()
    url = f"{place.url}/imports/{upload(client, place.admin, place.url, LIST, 'openings').json['id']}"
    step(client, place.admin, url, "ask")
    step(client, place.treasurer, url, "approve")
    balance = client.get(f"{place.url}/members/{lin.member_id.hex}/balance", headers=lin.headers).json
    assert balance["available"] == 36


@pytest.mark.parametrize("role", [Role.TREASURER, Role.SUPERVISOR, Role.COORDINATOR, Role.STAMPER])
def test_only_an_admin_uploads(client: FlaskClient, place: Neighbourhood, role: Role) -> None:
    refused = upload(client, place.staff(role), place.url, LIST)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_a_file_must_be_sent_and_of_a_known_kind(client: FlaskClient, place: Neighbourhood) -> None:
    assert client.post(f"{place.url}/imports", data={"kind": "members"}, headers=place.admin.headers).status_code == 422
    assert upload(client, place.admin, place.url, LIST, "unknown").status_code == 422
    refused = upload(client, place.admin, place.url, b"\x00\x01")
    assert (refused.status_code, refused.json["code"]) == (409, "import_unreadable")


def test_the_second_person_says_no_and_why(client: FlaskClient, place: Neighbourhood) -> None:
    checked = upload(client, place.admin, place.url, "姓名\n林秀芳").json
    url = f"{place.url}/imports/{checked['id']}"
    step(client, place.admin, url, "ask")
    assert step(client, place.treasurer, url, "decline", body={}).status_code == 422
    declined = step(client, place.treasurer, url, "decline", body={"note": "旧名单"}).json
    assert (declined["status"], declined["note"]) == ("declined", "旧名单")


def test_shops_are_a_kind_of_their_own(client: FlaskClient, place: Neighbourhood) -> None:
    checked = upload(client, place.admin, place.url, "店名,做什么的,地址\n麦香,面包,1 号\n", "merchants").json
    url = f"{place.url}/imports/{checked['id']}"
    step(client, place.admin, url, "ask")
    assert step(client, place.treasurer, url, "approve").json["status"] == "done"
    found = client.get(f"{place.url}/merchants", headers=place.admin.headers).json["items"]
    assert [(one["name"], one["trade"]) for one in found] == [("麦香", "面包")]
