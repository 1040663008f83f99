"""Vouchers over HTTP: bought once for a key, shown at the till, used at a counter with the member's word."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.people import cards
from tests.api.shopping import Shopping
from tests.stories import Neighbour


def buy(shopping: Shopping, who: Neighbour, **more: Any) -> Any:
    return shopping.post(who, "/vouchers", {"offer_id": shopping.street.loaf.id.hex} | more)


def test_from_the_purchase_to_the_receipt(shopping: Shopping):
    street, lin = shopping.street, shopping.street.volunteer()
    bought = buy(shopping, lin, quantity=2)
    assert (bought.status_code, bought.json["status"], bought.json["points"]) == (201, "issued", 40)
    voucher, clerk = bought.json["id"], street.clerk
    code = shopping.post(lin, "/member-codes").json["code"]
    till = shopping.post(clerk, "/till", {"member_code": code}).json
    assert [(one["id"], one["usable"], one["reasons"]) for one in till["vouchers"]] == [(voucher, True, [])]
    used = shopping.post(clerk, f"/vouchers/{voucher}/use", {"via": {"till_id": till["till_id"]}}).json
    assert (used["status"], used["voucher_id"], used["points"]) == ("reserved", voucher, 40)
    assert shopping.post(clerk, f"/redemptions/{used['id']}/confirm").json["code"] == "forbidden"
    done = shopping.post(lin, f"/redemptions/{used['id']}/confirm").json
    assert done["status"] == "confirmed"
    assert shopping.get(lin, f"/vouchers/{voucher}").json["status"] == "used"
    assert shopping.get(lin, f"/members/{lin.member_id.hex}/balance").json["available"] == 60
    undone = shopping.post(clerk, f"/redemptions/{used['id']}/undo")
    assert (undone.status_code, undone.json["points"]) == (201, 40)


def test_a_paper_card_uses_it_with_its_pin(shopping: Shopping):
    street, lin = shopping.street, shopping.street.volunteer()
    voucher = buy(shopping, lin).json["id"]
    handed = cards.hand_out(street.place.admin.actor, lin.member_id)
    via = {"card_code": handed.code, "pin": "0000" if handed.pin != "0000" else "1111"}
    wrong = shopping.post(street.clerk, f"/vouchers/{voucher}/use", {"via": via})
    assert wrong.status_code == 409
    used = shopping.post(street.clerk, f"/vouchers/{voucher}/use", {"via": via | {"pin": handed.pin}})
    assert (used.status_code, used.json["status"]) == (201, "confirmed")


def test_the_same_key_buys_and_returns_once(shopping: Shopping):
    lin, body = shopping.street.volunteer(), {"offer_id": shopping.street.loaf.id.hex}
    first, again = (shopping.post(lin, "/vouchers", body, key="k1") for _ in range(2))
    assert (again.data, again.headers["Idempotency-Hit"]) == (first.data, "true")
    other = shopping.post(lin, "/vouchers", body | {"quantity": 2}, key="k1")
    assert other.json["code"] == "key_reused"
    back = [shopping.post(lin, f"/vouchers/{first.json['id']}/return", key="k2").json for _ in range(2)]
    assert back[0] == back[1]
    assert back[0]["status"] == "returned"
    assert shopping.post(lin, f"/vouchers/{first.json['id']}/return").json["code"] == "voucher_over"


def test_lists_are_narrowed_and_blocks_are_ones_own_or_the_admins(shopping: Shopping):
    street, lin, chen = shopping.street, shopping.street.volunteer(), shopping.street.volunteer(name="陈刚")
    mine, theirs = buy(shopping, lin).json, buy(shopping, chen).json
    assert [one["id"] for one in shopping.get(lin, "/vouchers").json["items"]] == [mine["id"]]
    assert len(shopping.get(street.place.admin, "/vouchers").json["items"]) == 2
    assert shopping.get(street.place.admin, "/vouchers?mine=1").json["items"] == []
    found = shopping.get(street.place.admin, f"/vouchers?number={theirs['number'][:-2]}").json["items"]
    assert [(one["id"], one["member_name"]) for one in found] == [(theirs["id"], "陈刚")]
    assert shopping.post(street.place.admin, f"/vouchers/{mine['id']}/block").json["status"] == "blocked"
    assert shopping.get(lin, "/vouchers?status=blocked").json["items"][0]["id"] == mine["id"]
    assert shopping.post(lin, f"/vouchers/{mine['id']}/unblock").status_code == 403
    assert shopping.post(street.place.admin, f"/vouchers/{mine['id']}/unblock").json["status"] == "issued"


@pytest.mark.parametrize("body", [{}, {"via": {"merchant_code": "NH-AAAA"}}, {"via": {"member_code": "A"}, "x": 1}])
def test_a_use_needs_a_way_of_the_counter(shopping: Shopping, body: dict[str, Any]):
    voucher = buy(shopping, shopping.street.volunteer()).json["id"]
    assert shopping.post(shopping.street.clerk, f"/vouchers/{voucher}/use", body).status_code == 422
