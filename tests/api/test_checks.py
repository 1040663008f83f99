"""The checks over HTTP: every check with its newest run, for whoever may see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.book.checking import check_books
from ledger.core import clock, registry
from tests.ledger.rewards.street import Street, open_street


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def test_every_check_tells_how_it_ended(client: FlaskClient, street: Street) -> None:
    check_books()
    answer = client.get(f"{street.place.url}/checks", headers=street.place.supervisor.headers)
    full = [item for item in answer.json["items"] if item["scope"] == "full"]
    assert [item["name"] for item in full] == sorted(registry.checks)
    assert {(item["findings"], item["ended_at"][:16]) for item in full} == {(0, "2026-11-20T04:00")}


def test_a_run_of_what_is_new_is_told_beside_the_full_one(client: FlaskClient, street: Street) -> None:
    check_books()
    check_books(new=True)
    answer = client.get(f"{street.place.url}/checks", headers=street.place.treasurer.headers)
    assert [item["scope"] for item in answer.json["items"] if item["name"] == "zero_sum"] == ["full", "new"]


@pytest.mark.parametrize("role", ["coordinator", "stamper"])
def test_the_checks_are_refused_to_who_may_not_see_them(client: FlaskClient, street: Street, role: str) -> None:
    answer = client.get(f"{street.place.url}/checks", headers=getattr(street.place, role).headers)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
