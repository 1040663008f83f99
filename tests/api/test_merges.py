"""Merging two accounts over HTTP: preview, ask, approve, take apart, with keys and reason codes."""

from __future__ import annotations

from tests.api.shopping import Shopping
from tests.stories import Neighbour


def _pair(shopping: Shopping) -> tuple[Neighbour, Neighbour, dict[str, str]]:
    old, new = shopping.street.volunteer(30), shopping.street.volunteer(5)
    assert old.member_id is not None
    assert new.member_id is not None
    return old, new, {"from_id": old.member_id.hex, "into_id": new.member_id.hex}


def test_from_preview_to_taking_apart(shopping: Shopping) -> None:
    place = shopping.street.place
    old, new, pair = _pair(shopping)
    seen = shopping.post(place.admin, "/merges/preview", pair).json
    assert (seen["moving"]["points"], seen["there"]["points"], seen["code"]) == (30, 5, None)
    asked = shopping.post(place.admin, "/merges", pair | {"reason": "同一个人"})
    assert (asked.status_code, asked.json["status"]) == (201, "awaiting_second")
    path = f"/merges/{asked.json['id']}"
    assert shopping.post(place.admin, f"{path}/approve").json["code"] == "own_step"
    done = shopping.post(place.treasurer, f"{path}/approve").json
    assert (done["status"], done["points"]) == ("done", 30)
    for person in (old, new):
        balance = shopping.get(person, f"/members/{pair['from_id']}/balance").json
        assert (balance["available"], balance["lifetime_earned"]) == (35, 35)
    assert shopping.get(place.admin, f"/members/{pair['from_id']}").json["id"] == pair["into_id"]
    assert shopping.post(place.admin, f"{path}/undo", {"reason": "两个人"}).json["status"] == "awaiting_undo"
    assert shopping.post(place.treasurer, f"{path}/undo/refuse", {"note": "不是"}).json["status"] == "done"
    shopping.post(place.admin, f"{path}/undo", {"reason": "两个人"})
    assert shopping.post(place.treasurer, f"{path}/undo/approve").json["status"] == "undone"
    assert shopping.get(old, f"/members/{pair['from_id']}/balance").json["available"] == 30


def test_the_old_phone_sees_the_one_membership(shopping: Shopping) -> None:
    place = shopping.street.place
    old, _, pair = _pair(shopping)
    merge = shopping.post(place.admin, "/merges", pair | {"reason": "同一个人"}).json
    shopping.post(place.treasurer, f"/merges/{merge['id']}/approve")
    me = shopping.client.get("/api/v1/me", headers=old.headers).json
    assert [one["member_id"] for one in me["memberships"]] == [pair["into_id"]]


def test_declined_withdrawn_and_listed_by_state(shopping: Shopping) -> None:
    place = shopping.street.place
    _, _, pair = _pair(shopping)
    for step, who, body in (
        ("decline", place.treasurer, {"note": "两个人"}),
        ("withdraw", place.admin, {}),
    ):
        merge = shopping.post(place.admin, "/merges", pair | {"reason": "同一个人"}).json
        assert shopping.post(who, f"/merges/{merge['id']}/{step}", body).status_code == 200
    listed = shopping.get(place.supervisor, "/merges?status=declined").json["items"]
    assert [(one["status"], one["note"]) for one in listed] == [("declined", "两个人")]
    assert len(shopping.get(place.supervisor, "/merges?limit=1").json["items"]) == 1


def test_a_reason_is_needed_and_a_stranger_s_member_is_unknown(shopping: Shopping) -> None:
    place = shopping.street.place
    _, _, pair = _pair(shopping)
    assert shopping.post(place.admin, "/merges", pair).status_code == 422
    unknown = shopping.post(place.admin, "/merges", pair | {"from_id": "0" * 32, "reason": "同一个人"})
    assert unknown.status_code == 404
    same = shopping.post(place.admin, "/merges", pair | {"from_id": pair["into_id"], "reason": "同一个人"})
    assert (same.status_code, same.json["code"]) == (409, "same_member")
