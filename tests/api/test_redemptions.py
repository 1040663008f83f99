"""Redemptions over HTTP: from the poster and from the code to the receipt, with keys, refusals and replays."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.db import db
from ledger.rewards import offers
from tests.api.shopping import Shopping


def by_poster(shopping: Shopping) -> dict[str, Any]:
    return {"merchant_code": shopping.street.poster.code}


def test_from_the_poster_to_the_receipt(shopping: Shopping):
    lin = shopping.street.volunteer()
    reserved = shopping.redeem(lin, by_poster(shopping), quantity=2)
    assert (reserved.status_code, reserved.json["status"], reserved.json["points"]) == (201, "reserved", 40)
    assert reserved.json["expires_at"] == "2026-11-20T04:15:00+00:00"
    redemption_id = reserved.json["id"]
    confirmed = shopping.post(lin, f"/redemptions/{redemption_id}/confirm")
    assert (confirmed.status_code, confirmed.json["status"]) == (200, "confirmed")
    receipt = shopping.get(lin, f"/redemptions/{redemption_id}").json
    assert receipt | {"member_name": "林秀芳", "offer_name": "全麦面包", "merchant_name": "麦香面包"} == receipt
    assert receipt["receipt_number"] == reserved.json["receipt_number"]
    assert shopping.get(lin, f"/members/{lin.member_id.hex}/balance").json["available"] == 60


def test_from_the_code_over_the_till_to_the_members_confirmation(shopping: Shopping):
    lin, clerk = shopping.street.volunteer(), shopping.street.clerk
    made = shopping.post(lin, "/member-codes").json
    till = shopping.post(clerk, "/till", {"member_code": made["code"]})
    assert (till.status_code, till.json["member"]) == (201, {"name": "林*芳"})
    reserved = shopping.redeem(clerk, {"till_id": till.json["till_id"]})
    assert reserved.status_code == 201
    known = shopping.get(lin, f"/member-codes/{made['id']}").json
    assert known["redemption_id"] == reserved.json["id"]
    assert shopping.post(clerk, f"/redemptions/{reserved.json['id']}/confirm").status_code == 403
    assert shopping.post(lin, f"/redemptions/{reserved.json['id']}/confirm").json["status"] == "confirmed"
    shown = shopping.get(clerk, "/redemptions?on=2026-11-20&status=confirmed").json["items"]
    assert [one["member_name"] for one in shown] == ["林*芳"]


def test_the_same_key_gets_the_same_bytes_and_another_body_is_refused(shopping: Shopping):
    lin = shopping.street.volunteer()
    first = shopping.redeem(lin, by_poster(shopping), key="k")
    again = shopping.redeem(lin, by_poster(shopping), key="k")
    assert (again.data, again.headers["Idempotency-Hit"]) == (first.data, "true")
    other = shopping.redeem(lin, by_poster(shopping), key="k", quantity=2)
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    assert shopping.street.available(lin) == 80


def test_a_key_is_required(shopping: Shopping):
    lin = shopping.street.volunteer()
    url, body = f"{shopping.street.place.url}/redemptions", {"offer_id": "0", "via": by_poster(shopping)}
    answer = shopping.client.post(url, json=body, headers=lin.headers)
    assert (answer.status_code, answer.json["code"]) == (400, "key_required")


def test_a_refusal_is_replayed_as_a_refusal_after_the_reason_has_gone(shopping: Shopping):
    lin, place = shopping.street.volunteer(), shopping.street.place
    offer = shopping.street.offer(stock=0)
    first = shopping.redeem(lin, by_poster(shopping), key="k", offer_id=offer.id.hex)
    assert (first.status_code, first.json["code"]) == (409, "out_of_stock")
    offers.restock_offer(place.admin.actor, offer.id, pieces=1)
    again = shopping.redeem(lin, by_poster(shopping), key="k", offer_id=offer.id.hex)
    assert (again.status_code, again.data) == (409, first.data)
    assert shopping.redeem(lin, by_poster(shopping), offer_id=offer.id.hex).status_code == 201


def test_a_form_error_is_not_remembered(shopping: Shopping):
    lin = shopping.street.volunteer()
    assert shopping.redeem(lin, by_poster(shopping), key="k", quantity=0).status_code == 422
    assert shopping.redeem(lin, by_poster(shopping), key="k").status_code == 201


def test_a_code_is_used_up_by_a_refusal(shopping: Shopping):
    lin, clerk = shopping.street.volunteer(), shopping.street.clerk
    gone = shopping.street.offer(stock=0)
    via = {"member_code": shopping.post(lin, "/member-codes").json["code"]}
    assert shopping.redeem(clerk, via, offer_id=gone.id.hex).json["code"] == "out_of_stock"
    assert shopping.redeem(clerk, via).json["code"] == "member_code_used"


def test_after_too_many_unknown_codes_the_till_waits(shopping: Shopping):
    clerk = shopping.street.clerk
    codes = [shopping.redeem(clerk, {"member_code": "2222-2222-2222"}).json["code"] for _ in range(22)]
    assert Counter(codes) == {"member_code_unknown": 21, "too_many_requests": 1}
    slowed = shopping.redeem(clerk, {"member_code": "2222-2222-2222"})
    assert (slowed.status_code, 0 < int(slowed.headers["Retry-After"]) <= 601) == (429, True)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0},
        {"quantity": 100},
        {"quantity": "1"},
        {"quantity": 10**30},
        {"bill_fen": -1},
        {"via": {}},
        {"via": {"member_code": "A", "merchant_code": "B"}},
        {"via": {"card_code": "ABCD2345"}},
        {"via": {"merchant_code": "A", "pin": "1234"}},
        {"via": {"card_code": "A", "pin": "12a4"}},
        {"via": {"member_code": "x" * 1_000}},
        {"offer_id": 7},
        {"colour": "red"},
    ],
)
def test_bad_input_is_told_by_field(shopping: Shopping, change: dict[str, Any]):
    answer = shopping.redeem(shopping.street.volunteer(), **({"via": by_poster(shopping)} | change))
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert answer.json["errors"]


def test_an_unknown_card_is_refused(shopping: Shopping):
    answer = shopping.redeem(shopping.street.clerk, {"card_code": "ABCD2345", "pin": "1234"})
    assert (answer.status_code, answer.json["code"]) == (409, "unknown_card")


def test_an_expired_reservation_is_told(shopping: Shopping):
    lin = shopping.street.volunteer()
    redemption_id = shopping.redeem(lin, by_poster(shopping)).json["id"]
    clock.advance(minutes=15)
    answer = shopping.post(lin, f"/redemptions/{redemption_id}/confirm")
    assert (answer.status_code, answer.json["code"]) == (409, "hold_ended")
    assert shopping.get(lin, "/redemptions?status=expired").json["items"][0]["id"] == redemption_id
    assert shopping.get(lin, "/redemptions?status=reserved").json["items"] == []


def test_refund_and_undo(shopping: Shopping):
    lin, clerk = shopping.street.volunteer(), shopping.street.clerk
    bought = shopping.street.buy(lin).id.hex
    part = shopping.post(clerk, f"/redemptions/{bought}/refund", {"points": 5, "reason": "少一片"})
    assert (part.status_code, part.json["points"], part.json["amount_fen"]) == (201, 5, 50)
    assert shopping.get(lin, f"/redemptions/{bought}").json["status"] == "refunded_part"
    too_much = shopping.post(clerk, f"/redemptions/{bought}/refund", {"points": 16, "reason": "再退"})
    assert too_much.json["code"] == "refund_too_large"
    reserved = shopping.street.serve(lin).id.hex
    shopping.post(lin, f"/redemptions/{reserved}/confirm")
    assert shopping.post(clerk, f"/redemptions/{reserved}/undo").json["points"] == 20
    assert shopping.get(lin, f"/redemptions/{reserved}").json["status"] == "refunded"


def test_a_list_has_pages(shopping: Shopping):
    lin = shopping.street.volunteer()
    made = [shopping.street.reserve(lin).id.hex for _ in range(3)]
    first = shopping.get(lin, "/redemptions?mine=1&limit=2").json
    rest = shopping.get(lin, f"/redemptions?mine=1&limit=2&cursor={first['next_cursor']}").json
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


def race(shopping: Shopping, app: Flask, calls: list[Any]) -> list[Any]:
    db.session.remove()
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda call: call(), calls))


def test_of_32_posts_with_different_keys_a_wallet_for_one_pays_one(app: Flask, shopping: Shopping):
    lin, via = shopping.street.volunteer(39), by_poster(shopping)

    def post(number: int) -> Any:
        body = {"offer_id": shopping.street.loaf.id.hex, "via": via}
        headers = lin.headers | {"Idempotency-Key": f"k{number}"}
        return app.test_client().post(f"{shopping.street.place.url}/redemptions", json=body, headers=headers)

    answers = race(shopping, app, [partial(post, number) for number in range(32)])
    assert Counter(answer.json.get("code", answer.json["status"]) for answer in answers) == {
        "reserved": 1,
        "insufficient_points": 31,
    }


def test_50_equal_posts_with_one_key_get_50_equal_answers(app: Flask, shopping: Shopping):
    lin, via = shopping.street.volunteer(100), by_poster(shopping)
    body = {"offer_id": shopping.street.loaf.id.hex, "via": via}
    headers = lin.headers | {"Idempotency-Key": "one key"}

    def post() -> Any:
        return app.test_client().post(f"{shopping.street.place.url}/redemptions", json=body, headers=headers)

    answers = race(shopping, app, [post] * 50)
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert shopping.street.available(lin) == 80
