"""Funds over HTTP."""

from __future__ import annotations

from tests.api.shopping import Shopping


def test_a_fund_is_filled_once_for_each_key(shopping: Shopping):
    treasurer = shopping.street.place.treasurer
    fund = shopping.post(treasurer, "/funds", {"name": "备用金"})
    assert fund.status_code == 201
    url = f"/funds/{fund.json['id']}"
    for _ in range(2):
        grant = shopping.post(treasurer, f"{url}/grants", {"amount_fen": 500, "donor": "王总"}, key="same")
        assert grant.status_code == 201
    shown = shopping.get(treasurer, url).json
    assert (shown["granted_fen"], shown["left_fen"], shown["spent_fen"], shown["reserved_fen"]) == (500, 500, 0, 0)
    assert [one["donor"] for one in shopping.get(treasurer, f"{url}/grants").json["items"]] == ["王总"]
    assert [one["name"] for one in shopping.get(treasurer, "/funds").json["items"]] == ["备用金", "微基金"]


def test_money_is_a_positive_whole_number_of_fen(shopping: Shopping):
    treasurer = shopping.street.place.treasurer
    url = f"/funds/{shopping.street.fund.id.hex}/grants"
    for amount in (0, -1, 1.5, "100", True, 2**53):
        answer = shopping.post(treasurer, url, {"amount_fen": amount, "donor": "王总"})
        assert (answer.status_code, list(answer.json["errors"])) == (422, ["amount_fen"])


def test_a_fund_says_when_it_is_low_how_long_it_lasts_and_who_gave(shopping: Shopping):
    street = shopping.street
    treasurer, url = street.place.treasurer, f"/funds/{street.fund.id.hex}"
    for levels in ({"low_fen": 1, "very_low_fen": 2}, {"low_fen": -1, "very_low_fen": 0}, {"low_fen": 1}):
        assert shopping.call("PUT", treasurer, f"{url}/levels", levels).status_code == 422
    levels = {"low_fen": 200_000, "very_low_fen": 50_000}
    assert shopping.call("PUT", treasurer, f"{url}/levels", levels).json["low_fen"] == 200_000
    street.award(street.place.volunteer(), 30)
    shown = shopping.get(treasurer, url).json
    assert (shown["level"], shown["very_low_fen"]) == (1, 50_000)
    assert shown["forecast"] == {
        "spent_fen": [0, 0, 0, 0], "weekly_fen": 0, "left_fen": [100_000] * 4, "lasts_weeks": None,
    }  # fmt: skip
    liability = shopping.get(street.place.supervisor, "/liability").json
    assert (liability["points"], liability["fen"]) == (30, 300)
    assert [one["points"] for one in liability["ages"]] == [30, 0, 0, 0, 0]
    grant = shopping.get(treasurer, f"{url}/grants").json["items"][0]
    assert shopping.get(None, "/board/donors").json["funds"][0]["gifts"][0]["donor"] is None
    named = shopping.call("PUT", treasurer, f"{url}/grants/{grant['id']}/naming", {"is_named": True})
    assert (named.status_code, named.json["is_named"]) == (200, True)
    [fund] = shopping.get(None, "/board/donors").json["funds"]
    assert (fund["gifts"][0]["donor"], fund["left_fen"], fund["became"]["people"]) == ("红色合伙人", 100_000, None)
