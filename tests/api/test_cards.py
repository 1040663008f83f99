"""Paper cards over HTTP."""

from __future__ import annotations

from ledger.core import audit
from ledger.core.db import db
from ledger.core.idempotency import OnceKey
from tests.api.shopping import Shopping


def test_a_card_from_the_sheet_to_the_goods(shopping: Shopping):
    street = shopping.street
    admin, lin, clerk = street.place.admin, street.volunteer(), street.clerk
    mine = f"/members/{lin.member_id.hex}/card"
    assert shopping.get(lin, mine).json == {"card": None}
    sheet = shopping.post(admin, "/card-sheets", {"count": 3})
    assert sheet.status_code == 201
    printed = shopping.get(admin, f"/card-sheets/{sheet.json['id']}").json["cards"]
    assert printed[0]["url"].partition("#")[2] == printed[0]["code"]
    handed = shopping.post(street.place.coordinator, mine, {"code": printed[0]["url"], "pin": "4827"})
    assert (handed.status_code, handed.json["status"], handed.json["pin"]) == (201, "issued", "4827")
    code = handed.json["code"]
    assert shopping.post(street.place.coordinator, mine, {}).json["code"] == "card_live"
    till = shopping.post(clerk, "/till", {"card_code": printed[0]["url"]})
    assert (till.status_code, till.json["member"]) == (201, {"name": "林*芳"})
    wrong = shopping.redeem(clerk, {"till_id": till.json["till_id"], "pin": "0005"})
    assert (wrong.status_code, wrong.json["code"]) == (409, "pin_wrong")
    done = shopping.redeem(clerk, {"till_id": till.json["till_id"], "pin": "4827"})
    assert (done.status_code, done.json["status"], done.json["via"]) == (201, "confirmed", "card")
    again = shopping.redeem(clerk, {"card_code": code, "pin": "4827"})
    assert again.json["status"] == "confirmed"
    assert shopping.post(lin, f"{mine}/lost").json["status"] == "lost"
    assert shopping.post(clerk, "/till", {"card_code": code}).json["code"] == "card_lost"
    listed = shopping.get(admin, "/cards?limit=2").json
    assert (len(listed["items"]), listed["next_cursor"] is not None) == (2, True)
    assert [one["status"] for one in shopping.get(lin, "/cards").json["items"]] == ["lost"]
    assert shopping.get(admin, "/card-sheets").json["items"][0]["counts"] == {"blank": 2, "lost": 1}
    blank = shopping.get(admin, "/cards?status=blank").json["items"][0]["id"]
    assert shopping.post(admin, f"/cards/{blank}/void").json["status"] == "void"


def test_no_code_and_no_pin_is_remembered_or_audited(shopping: Shopping):
    street = shopping.street
    lin = street.volunteer()
    handed = shopping.post(street.place.coordinator, f"/members/{lin.member_id.hex}/card", {"pin": "482759"}).json
    shopping.redeem(street.clerk, {"card_code": handed["code"], "pin": "482759"})
    shopping.redeem(street.clerk, {"card_code": handed["code"], "pin": "482750"})
    db.session.remove()
    written = [repr(row.__dict__) for model in (OnceKey, audit.AuditLine) for row in db.session.query(model)]
    code = handed["code"].replace("-", "")
    assert [row for row in written if "48275" in row or code in row.replace("-", "")] == []


def test_a_remembered_confirmation_is_answered_again_and_moves_nothing(shopping: Shopping):
    street = shopping.street
    lin = street.volunteer(100)
    handed = shopping.post(street.place.coordinator, f"/members/{lin.member_id.hex}/card", {}).json
    via = {"card_code": handed["code"], "pin": handed["pin"]}
    first = shopping.redeem(street.clerk, via, key="one")
    again = shopping.redeem(street.clerk, via, key="one")
    assert (again.data, again.headers["Idempotency-Hit"], street.available(lin)) == (first.data, "true", 80)
    assert shopping.redeem(street.clerk, via | {"pin": "0005"}, key="one").json["code"] == "key_reused"


def test_of_many_guesses_ten_are_answered_and_the_rest_is_refused(shopping: Shopping):
    clerk = shopping.street.clerk
    answers = [shopping.post(clerk, "/till", {"card_code": f"ABCD{number:04d}"}) for number in range(14)]
    assert [one.status_code for one in answers] == [409] * 10 + [429] * 4
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert shopping.redeem(clerk, {"card_code": "ABCD2345", "pin": "4827"}).status_code == 429


def test_a_pin_has_four_to_six_digits_and_a_sheet_is_of_one_kind(shopping: Shopping):
    street = shopping.street
    lin = street.volunteer()
    for pin in ("482", "4827591", "48a7", "４８２７"):
        answer = shopping.post(street.place.coordinator, f"/members/{lin.member_id.hex}/card", {"pin": pin})
        assert answer.status_code == 422
    for body in ({}, {"count": 0}, {"count": 201}, {"count": 1, "member_ids": [lin.member_id.hex]}):
        assert shopping.post(street.place.admin, "/card-sheets", body).status_code == 422
