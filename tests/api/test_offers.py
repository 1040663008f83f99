"""Offers over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.shopping import Shopping


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
