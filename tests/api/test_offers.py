"""Offers over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ledger.rewards import merchants
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


def test_a_card_says_what_it_takes_off_from_which_bill_and_who_bears_it(shopping: Shopping):
    street = shopping.street
    card = {"agreement_id": street.agreement.id.hex, "kind": "waiver_card", "name": "满百减二十", "points": 30}
    whole = card | {"minimum_bill_fen": 10_000, "discount_fen": 2_000, "shop_bears_percent": 25}
    for wrong, field in (
        (whole | {"minimum_bill_fen": None}, "minimum_bill_fen"),
        (whole | {"minimum_bill_fen": 1_999}, "minimum_bill_fen"),
        (whole | {"price_fen": 5}, "price_fen"),
        (whole | {"discount_fen": None}, "discount_fen"),
        (whole | {"discount_percent": 100}, "discount_percent"),
        (whole | {"shop_bears_percent": 101}, "shop_bears_percent"),
    ):
        answer = shopping.post(street.place.admin, "/offers", wrong)
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    goods = shopping.post(street.place.admin, "/offers", whole | {"kind": "goods"})
    assert (goods.status_code, goods.json["code"]) == (409, "not_a_card")
    offer = shopping.post(street.place.admin, "/offers", whole).json["id"]
    shopping.post(street.place.treasurer, f"/offers/{offer}/approve")
    lin = street.volunteer()
    shown = shopping.get(lin, f"/offers/{offer}").json
    assert (shown["discount_fen"], shown["discount_percent"], shown["shop_bears_percent"]) == (2_000, None, 25)
    poster = merchants.poster_code(street.place.admin.actor, street.branch)
    bought = shopping.redeem(lin, {"merchant_code": poster}, offer_id=offer, bill_fen=12_000).json
    assert (bought["bill_fen"], bought["discount_fen"], bought["gross_fen"]) == (12_000, 2_000, 1_500)


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


def drafts(shopping: Shopping, *points: int) -> list[dict[str, Any]]:
    """New offers of the bakery that the owner drafted, each with the version that waits."""
    made = []
    for price in points:
        body = {"agreement_id": shopping.street.agreement.id.hex, "kind": "goods", "name": "蛋糕", "points": price}
        made.append(shopping.post(shopping.street.owner, "/offers", body).json)
    return [{"offer_id": one["id"], "version": one["draft_version"]} for one in made]


def batch(shopping: Shopping, step: str, chosen: list[dict[str, Any]]) -> dict[str, Any]:
    return {"merchant_id": shopping.street.bakery.id.hex, "step": step, "offers": chosen}


def states(shopping: Shopping, chosen: list[dict[str, Any]]) -> list[str]:
    admin = shopping.street.place.admin
    return [shopping.get(admin, f"/offers/{one['offer_id']}").json["state"] for one in chosen]


def test_several_offers_are_previewed_approved_once_and_ended_each_for_itself(shopping: Shopping):
    admin, loaf = shopping.street.place.admin, {"offer_id": shopping.street.loaf.id.hex}
    chosen = drafts(shopping, 50, 5)
    body = batch(shopping, "approve", [*chosen, loaf])
    seen = shopping.post(admin, "/offers/batch", body | {"preview": True}, headers={"Idempotency-Key": ""}).json
    told = [(one["points"], one["points_before"], one["status"], one["code"]) for one in seen["results"]]
    assert told == [(5, 5, "done", None), (50, 50, "done", None), (20, 20, "refused", "wrong_state")]
    assert states(shopping, chosen) == ["draft", "draft"], "a preview stores nothing"
    done = shopping.post(admin, "/offers/batch", body, key="k")
    assert (done.status_code, done.json) == (200, seen)
    again = shopping.post(admin, "/offers/batch", body, key="k")
    assert (again.data, again.headers["Idempotency-Hit"]) == (done.data, "true")
    assert shopping.post(admin, "/offers/batch", batch(shopping, "end", [loaf]), key="k").json["code"] == "key_reused"
    assert states(shopping, [*chosen, loaf]) == ["active"] * 3
    ended = shopping.post(admin, "/offers/batch", batch(shopping, "end", chosen)).json["results"]
    assert [(one["status"], one["code"]) for one in ended] == [("done", None)] * 2
    ended = shopping.post(admin, "/offers/batch", batch(shopping, "end", [*chosen, loaf])).json["results"]
    assert sorted(one["code"] or "" for one in ended) == ["", "wrong_state", "wrong_state"]
    assert states(shopping, [*chosen, loaf]) == ["ended"] * 3


def test_a_batch_needs_its_key_and_a_version_other_than_the_previewed_stops_it(shopping: Shopping):
    admin, owner = shopping.street.place.admin, shopping.street.owner
    chosen = drafts(shopping, 50, 5)
    body = batch(shopping, "approve", chosen)
    keyless = shopping.post(admin, "/offers/batch", body, headers={"Idempotency-Key": ""})
    assert (keyless.status_code, keyless.json["code"]) == (400, "key_required")
    path = f"/offers/{chosen[1]['offer_id']}"
    tag = shopping.get(owner, path).headers["ETag"]
    change = {"name": "蛋糕", "points": 500}
    assert shopping.call("PUT", owner, path, change, headers={"If-Match": tag}).status_code == 200
    late = shopping.post(admin, "/offers/batch", body)
    assert (late.status_code, late.json["code"]) == (412, "version_changed")
    assert states(shopping, chosen) == ["draft", "draft"]


def test_nobody_approves_their_own_drafts_or_those_of_another_shop_in_a_batch(shopping: Shopping):
    place = shopping.street.place
    body = {"agreement_id": shopping.street.agreement.id.hex, "kind": "goods", "name": "蛋糕", "points": 5}
    own = {"offer_id": shopping.post(place.admin, "/offers", body).json["id"]}
    [one] = shopping.post(place.admin, "/offers/batch", batch(shopping, "approve", [own])).json["results"]
    assert (one["status"], one["code"]) == ("refused", "own_draft")
    barber = merchants.create_merchant(place.admin.actor, "阿香理发", trade="理发")
    elsewhere = batch(shopping, "approve", [own]) | {"merchant_id": barber.id.hex}
    assert shopping.post(place.treasurer, "/offers/batch", elsewhere).status_code == 404
    twice = shopping.post(place.treasurer, "/offers/batch", batch(shopping, "approve", [own, own]))
    assert (twice.status_code, list(twice.json["errors"])) == (422, ["offers"])
    assert states(shopping, [own]) == ["draft"]
