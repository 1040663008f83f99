"""A household's pool over HTTP: a word beforehand, a part that is asked for, and the receipt that shows all parts."""

from __future__ import annotations

import pytest

from ledger.rewards import merchants
from tests.api.shopping import Shopping
from tests.ledger.rewards.test_households import at_home


def test_two_pay_together_and_both_read_the_receipt(shopping: Shopping):
    street = shopping.street
    lin, son = street.volunteer(15), street.volunteer(15, "林小宝")
    home = at_home(street, lin, son)
    pool = shopping.get(son, "/pool").json
    assert (pool["household_id"], pool["name"], pool["asked"]) == (home.id.hex, "三号楼林家", [])
    assert [(one["name"], one["points_at_most"]) for one in pool["members"]] == [("林小宝", None), ("林秀芳", None)]

    poster = merchants.poster_code(street.place.admin.actor, street.branch)
    body = {
        "offer_id": street.loaf.id.hex,
        "via": {"merchant_code": poster},
        "contributions": [{"member_id": son.member_id.hex, "points": 10}],
    }
    reserved = shopping.post(lin, "/redemptions", body)
    assert (reserved.status_code, reserved.json["points"], reserved.json["pooled_points"]) == (201, 20, 10)
    redemption = f"/redemptions/{reserved.json['id']}"
    waits = shopping.post(lin, f"{redemption}/confirm")
    assert (waits.status_code, waits.json["code"]) == (409, "contribution_waits")
    assert [one["points"] for one in shopping.get(son, "/pool").json["asked"]] == [10]
    first, again = (shopping.post(son, f"{redemption}/agree", key="one press") for _ in range(2))
    assert (first.status_code, again.data, again.headers["Idempotency-Hit"]) == (200, first.data, "true")
    assert shopping.post(lin, f"{redemption}/confirm").json["status"] == "confirmed"
    for who in (lin, son):
        parts = shopping.get(who, redemption).json["parts"]
        assert [(one["name"], one["points"], one["is_agreed"]) for one in parts] == [
            ("林秀芳", 10, True),
            ("林小宝", 10, True),
        ]


def test_a_word_beforehand_is_given_changed_and_revoked(shopping: Shopping):
    street = shopping.street
    lin, son = street.volunteer(15), street.volunteer(15, "林小宝")
    assert shopping.call("PUT", son, "/pool", {"points_at_most": 5}).json["code"] == "no_household"
    at_home(street, lin, son)
    for points in (5, 10):
        said = shopping.call("PUT", son, "/pool", {"points_at_most": points})
        assert (said.status_code, said.json["points_at_most"]) == (200, points)
    assert shopping.get(lin, "/pool").json["members"][1]["points_at_most"] == 10
    assert shopping.call("DELETE", son, "/pool").status_code == 204
    assert shopping.call("DELETE", son, "/pool").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"points": 0, "member_id": "0" * 32}, {"points": 1}, {"points": True, "member_id": "0" * 32}, 7]
)
def test_bad_parts_are_told_by_field(shopping: Shopping, wrong: object):
    street = shopping.street
    body = {"offer_id": street.loaf.id.hex, "via": {"merchant_code": "NH-XXXXXXX"}, "contributions": [wrong]}
    answer = shopping.post(street.volunteer(), "/redemptions", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["contributions"])
