"""Numbered slips over HTTP."""

from __future__ import annotations

from tests.api.shopping import Shopping
from tests.ledger.rewards.test_card_redemptions import card_of


def test_from_the_pad_over_the_entry_to_the_acceptance(shopping: Shopping):
    street = shopping.street
    street.agree(slip_points=40)
    pad = shopping.post(street.clerk, "/slip-pads", {})
    assert (pad.status_code, pad.json["cap_points"], pad.json["days"]) == (201, 40, 3)
    assert pad.json["last_day"] == "2026-12-20"
    [shown] = shopping.get(street.owner, f"/slip-pads?branch_id={street.branch.id.hex}").json["items"]
    number = shown["slips"][0]["number"]
    lin = street.volunteer(50)
    body = {"number": number, "card_code": card_of(street, lin), "offer_id": street.loaf.id.hex}
    assert shopping.post(street.clerk, "/slips", body | {"filled_on": "yesterday"}).status_code == 422
    for _ in range(2):
        entered = shopping.post(street.clerk, "/slips", body | {"filled_on": "2026-11-20"}, key="same")
        assert (entered.status_code, entered.json["status"]) == (201, "reserved")
    again = shopping.post(street.clerk, "/slips", body | {"filled_on": "2026-11-20"})
    assert (again.status_code, again.json["code"]) == (409, "slip_used")
    [waiting] = shopping.get(street.place.admin, "/slips").json["items"]
    assert (waiting["number"], waiting["status"], waiting["points"]) == (number, "reserved", 20)
    accepted = shopping.post(street.place.admin, f"/slips/{waiting['id']}/acceptance")
    assert (accepted.status_code, accepted.json["status"]) == (200, "confirmed")
    assert shopping.get(street.place.admin, "/slips").json["items"] == []
