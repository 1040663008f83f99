"""For every resource with a list and a single answer: each role opens exactly what its list shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.api.test_guards import Town, build
from tests.stories import Neighbour, street_officer

RESOURCES = (
    "members", "checkins", "redemptions", "vouchers", "settlements", "agreements", "offers", "merchants", "branches",
    "funds", "transfers", "accounts", "households", "teams", "imports", "merges", "deaths", "corrections", "feedback",
    "flags", "complaints", "certificates", "reversals", "disputes", "payouts", "objections", "units", "activities",
    "programmes",
)  # fmt: skip


@pytest.fixture
def town(context: object) -> Iterator[Town]:
    try:
        yield build()
    finally:
        clock.move_to(None)


def listed(client: FlaskClient, who: Neighbour, resource: str) -> set[str]:
    address, found, cursor = f"/api/v1/communities/{who.community_id.hex}/{resource}", set(), ""
    while True:
        answer = client.get(f"{address}?limit=200{cursor}", headers=who.headers)
        if answer.status_code != 200:
            assert answer.status_code == 403, (resource, answer.json)
            return set()
        found |= {one["id"] for one in answer.json["items"]}
        if not answer.json.get("next_cursor"):
            return found
        cursor = f"&cursor={answer.json['next_cursor']}"


def opened(client: FlaskClient, who: Neighbour, resource: str, ids: set[str]) -> set[str]:
    address = f"/api/v1/communities/{who.community_id.hex}/{resource}"
    answers = {one: client.get(f"{address}/{one}", headers=who.headers).status_code for one in ids}
    assert set(answers.values()) <= {200, 403, 404}, (resource, answers)
    return {one for one, status in answers.items() if status == 200}


@pytest.mark.long
def test_every_role_opens_exactly_what_its_lists_show(client: FlaskClient, town: Town) -> None:
    roles = town.people | {"street": street_officer(town.street.place.community)}
    differing = {}
    for resource in RESOURCES:
        everything = set().union(*(listed(client, who, resource) for who in roles.values()))
        assert everything, resource
        for role, who in roles.items():
            shown, open_ones = listed(client, who, resource), opened(client, who, resource, everything)
            if shown != open_ones:
                differing[resource, role] = (len(shown - open_ones), len(open_ones - shown))
    assert differing == {}
