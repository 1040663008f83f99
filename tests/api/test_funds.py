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
