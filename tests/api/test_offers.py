"""Offers over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.api.shopping import Shopping
from tests.ledger.service.feedback_giving import photo


def test_from_the_draft_over_the_approval_to_the_change(shopping: Shopping):
    place = shopping.street.place
    body = {"agreement_id": shopping.street.agreement.id.hex, "kind": "goods", "name": "蛋糕", "points": 5, "stock": 3}
    draft = shopping.post(shopping.street.owner, "/offers", body | {"from_time": "09:00", "until_time": "17:30"})
    assert (draft.status_code, draft.json["state"]) == (201, "draft")
    url = f"/offers/{draft.json['id']}"
    assert shopping.post(place.admin, f"{url}/approve").json["state"] == "active"
    lin = shopping.street.volunteer()
    read = shopping.get(lin, url)
    assert (read.json["usable"], read.json["reasons"], read.json["from_time"]) == (True, [], "09:00")
    change = {"name": "蛋糕", "points": 6}
    assert shopping.call("PUT", place.admin, url, change).status_code == 428
    changed = shopping.call("PUT", place.admin, url, change, headers={"If-Match": read.headers["ETag"]})
    assert (changed.json["version"], changed.json["draft_version"]) == (1, 2)
    assert shopping.call("PUT", place.admin, url, change, headers={"If-Match": '"1"'}).status_code == 412
    assert shopping.post(place.admin, f"{url}/approve").json["code"] == "own_draft"
    assert shopping.post(place.treasurer, f"{url}/approve").json["version"] == 2
    assert shopping.post(place.admin, f"{url}/restock", {"pieces": 2}, key="k").json["stock"] == 5
    assert shopping.post(place.admin, f"{url}/restock", {"pieces": 2}, key="k").json["stock"] == 5
    assert shopping.post(place.admin, f"{url}/end").json["state"] == "ended"
    assert [one["id"] for one in shopping.get(lin, "/offers").json["items"]] == [shopping.street.loaf.id.hex]


@pytest.mark.parametrize(
    "change",
    [
        {"points": 0},
        {"points": -5},
        {"weekdays": 0},
        {"weekdays": 128},
        {"kind": "bribe"},
        {"branch_ids": []},
        {"from_time": "25:00"},
        {"from_time": "09:00+08:00"},
        {"starts_on": "2026-12-31", "ends_on": "2026-01-01"},
        {"name": ""},
        {"name": "a\u0000b"},
        {"name": "x" * 81},
        {"stock": -1},
        {"per_member_per_day": 0},
    ],
)
def test_bad_terms_are_told_by_field(shopping: Shopping, change: dict[str, Any]):
    body = {"agreement_id": shopping.street.agreement.id.hex, "kind": "goods", "name": "蛋糕", "points": 5}
    answer = shopping.post(shopping.street.place.admin, "/offers", body | change)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


@pytest.mark.parametrize("name", ["🌺🌺🌺", "‮مرحبا", "面包\u200b"])
def test_names_of_every_script_are_names(shopping: Shopping, name: str):
    body = {"agreement_id": shopping.street.agreement.id.hex, "kind": "goods", "name": name, "points": 5}
    assert shopping.post(shopping.street.place.admin, "/offers", body).status_code == 201


def test_an_offer_shows_its_pictures(shopping: Shopping):
    street = shopping.street
    sent = shopping.client.post(
        f"{street.place.url}/files",
        data={"for": "offer", "file": (io.BytesIO(photo()), "loaf.jpg")},
        headers=street.owner.headers,
    )
    body = {"name": "全麦面包", "points": 20, "picture_ids": [sent.json["id"]]}
    path = f"/offers/{street.loaf.id.hex}"
    changed = shopping.call("PUT", street.owner, path, body, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    shopping.post(street.place.admin, f"{path}/approve")
    lin = street.volunteer()
    assert shopping.get(lin, path).json["picture_ids"] == [sent.json["id"]]
    picture = shopping.get(lin, f"{path}/pictures/{sent.json['id']}.jpg?small=true")
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    assert shopping.get(lin, f"{path}/pictures/{'0' * 32}.jpg").status_code == 404
    four = {"name": "全麦面包", "points": 20, "picture_ids": ["0" * 32] * 4}
    assert shopping.call("PUT", street.owner, path, four, headers={"If-Match": '"2"'}).status_code == 422
