"""Transfers over HTTP: found by account, by code and by when they took effect."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from ledger.core import clock
from tests.api.shopping import Shopping


def codes(shopping: Shopping, query: str) -> list[str]:
    answer = shopping.get(shopping.street.place.admin, f"/transfers?{query}")
    assert answer.status_code == 200, answer.json
    return [one["code"] for one in answer.json["items"]]


def test_transfers_are_found_by_code_and_by_when_they_took_effect(shopping: Shopping) -> None:
    shopping.street.volunteer(20)
    clock.advance(hours=1)
    later = quote(clock.now().isoformat())
    shopping.street.award(shopping.street.volunteer(0), 5)
    assert codes(shopping, "") == ["award", "award", "fund"]
    assert codes(shopping, "code=fund") == ["fund"]
    assert codes(shopping, f"since={later}") == ["award"]
    assert codes(shopping, f"until={later}") == ["award", "fund"]
    assert codes(shopping, f"until={later}&code=award") == ["award"]
    assert codes(shopping, f"since={quote((clock.now() + timedelta(seconds=1)).isoformat())}") == []


def test_a_code_that_does_not_exist_is_a_form_error(shopping: Shopping) -> None:
    for query in ("code=gift", "since=yesterday", "until=2026-11-20T12:00:00"):
        assert shopping.get(shopping.street.place.admin, f"/transfers?{query}").status_code == 422, query


def test_a_filter_shows_nobody_more_than_their_own(shopping: Shopping) -> None:
    own, other = shopping.street.volunteer(20), shopping.street.volunteer(30)
    assert own.member_id != other.member_id
    items = shopping.get(own, "/transfers?code=award").json["items"]
    assert [one["amount"] for one in items] == [20]
