"""Donations over HTTP, and the published use of the pot."""

from __future__ import annotations

from ledger.core import clock
from tests.api.shopping import Shopping


def test_points_are_given_once_for_a_key_proven_and_taken_back(shopping: Shopping):
    lin, body = shopping.street.volunteer(), {"points": 30, "purpose": "给独居老人买菜"}
    first, again = (shopping.post(lin, "/donations", body, key="k1") for _ in range(2))
    assert (first.status_code, again.data) == (201, first.data)
    assert shopping.get(lin, f"/receipts/{first.json['transfer_id']}").status_code == 200
    shown = shopping.get(lin, f"/donations/{first.json['id']}").json
    assert (shown["purpose"], shown["status"]) == ("给独居老人买菜", "given")
    assert shopping.post(lin, f"/donations/{first.json['id']}/undo").json["status"] == "undone"
    assert shopping.post(lin, f"/donations/{first.json['id']}/undo").json["code"] == "wrong_state"
    assert shopping.post(lin, "/donations", {"points": 0}).status_code == 422
    assert shopping.post(lin, "/donations", {"points": 101}).json["code"] == "insufficient_points"


def test_the_use_of_the_pot_takes_two_and_is_read_by_all(shopping: Shopping):
    place, lin = shopping.street.place, shopping.street.volunteer()
    shopping.post(lin, "/donations", {"points": 30})
    asked = {"points": 20, "text": "重阳节给 12 位老人送米"}
    assert shopping.post(place.admin, "/donations/uses", asked).json["code"] == "pot_too_small"
    clock.advance(minutes=11)
    use = shopping.post(place.admin, "/donations/uses", asked).json
    assert use["status"] == "awaiting_second"
    assert shopping.get(lin, "/donations/uses").json["items"] == []
    assert shopping.post(place.treasurer, f"/donations/uses/{use['id']}/approve").json["status"] == "done"
    assert [one["text"] for one in shopping.get(lin, "/donations/uses").json["items"]] == [asked["text"]]
    assert shopping.get(lin, "/donations/pot").json == {"given": 30, "used": 20, "left": 10, "usable": 10}
