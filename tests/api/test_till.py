"""The till over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.shopping import Shopping


def test_the_till_shows_what_is_usable_and_why_not_the_rest(shopping: Shopping):
    shopping.street.offer(points=500)
    code = shopping.post(shopping.street.volunteer(), "/member-codes").json["code"]
    till = shopping.post(shopping.street.clerk, "/till", {"member_code": code}).json
    assert [(one["points"], one["usable"], one["reasons"]) for one in till["offers"]] == [
        (500, False, ["insufficient_points"]),
        (20, True, []),
    ]
    assert (till["expires_at"], till["vouchers"]) == ("2026-11-20T04:10:00+00:00", [])
    assert shopping.get(shopping.street.clerk, f"/till/{till['till_id']}").json == till


@pytest.mark.parametrize("body", [{}, {"member_code": "A", "card_code": "B"}, {"member_code": ""}, {"code": "A"}])
def test_a_till_needs_one_code(shopping: Shopping, body: dict[str, Any]):
    assert shopping.post(shopping.street.clerk, "/till", body).status_code == 422


def test_codes_are_refused_by_name(shopping: Shopping):
    clerk, lin = shopping.street.clerk, shopping.street.volunteer()
    code = shopping.post(lin, "/member-codes").json["code"]
    newer = shopping.post(lin, "/member-codes").json["code"]
    assert shopping.post(clerk, "/till", {"member_code": code}).json["code"] == "member_code_replaced"
    assert shopping.post(clerk, "/till", {"member_code": newer}).status_code == 201
    assert shopping.post(clerk, "/till", {"member_code": newer}).json["code"] == "member_code_used"
    assert shopping.post(clerk, "/till", {"card_code": "ABCD2345"}).json["code"] == "unknown_card"
