"""Every list of a community is read page by page, the same way, and shows everything once."""

from __future__ import annotations

import pytest

from ledger.book import reading
from ledger.book.reversal_requests import ask_reversal
from ledger.core.tenancy import Role
from ledger.people import households
from tests.api.shopping import Shopping

LISTS = (
    "accounts", "agreements", "audit", "branches", "funds", "grants", "households", "members", "merchants", "offers",
    "redemptions", "reversals", "transfers", "units",
)  # fmt: skip


def test_every_list_is_read_in_pages(shopping: Shopping) -> None:
    place, street = shopping.street.place, shopping.street
    admin = place.staff(Role.ADMIN)  # Who is read about by somebody else, so that reading adds nothing to read.
    for person in (street.volunteer(), street.volunteer(name="陈刚")):
        award = next(one.id for one in reading.list_transfers(person.actor) if one.code == "award")
        for _ in range(2):
            ask_reversal(place.admin.actor, award, reason="记了两次", amount=1)
        street.buy(person)
        households.form_household(place.admin.actor, f"{person.name}家", member_ids=[person.member_id])
    street.offer()
    for name in LISTS:
        whole = shopping.get(admin, f"/{name}?limit=200").json
        cursor, pages = "", 0
        found: list[object] = []
        while cursor is not None and pages < 50:
            page = shopping.get(admin, f"/{name}?limit=2{cursor and f'&cursor={cursor}'}").json
            found, cursor, pages = found + page["items"], page["next_cursor"], pages + 1
        assert (name, whole["next_cursor"], found) == (name, None, whole["items"])


def test_a_limit_above_200_is_a_form_error(shopping: Shopping) -> None:
    answers = {name: shopping.get(shopping.street.place.admin, f"/{name}?limit=201").status_code for name in LISTS}
    assert set(answers.values()) == {422}, answers


ORDERS = {
    "activities": ("newest", "earliest", "latest"),
    "audit": ("newest", "oldest"),
    "certificates": ("newest", "oldest"),
    "checkins": ("newest", "oldest"),
    "complaints": ("newest", "oldest"),
    "corrections": ("newest", "oldest"),
    "disputes": ("newest", "oldest"),
    "feedback": ("newest", "oldest"),
    "flags": ("newest", "oldest"),
    "households": ("newest", "name"),
    "imports": ("newest", "oldest"),
    "members": ("newest", "name"),
    "merchants": ("newest", "name"),
    "objections": ("newest", "oldest"),
    "offers": ("newest", "cheapest", "dearest"),
    "redemptions": ("newest", "oldest", "most"),
    "reversals": ("newest", "oldest"),
    "settlements": ("newest", "shop", "most"),
    "teams": ("newest", "name"),
    "visit-notes": ("newest", "oldest"),
    "vouchers": ("newest", "ending"),
}
"""The lists that are sorted, each by its own orders; what the orders are is tested in tests/ledger/test_orders.py."""


@pytest.mark.parametrize("name", ORDERS)
def test_a_list_is_sorted_by_one_of_its_orders_and_no_other_and_the_document_names_them(
    shopping: Shopping, name: str
) -> None:
    admin = shopping.street.place.staff(Role.ADMIN)
    answers = [shopping.get(admin, f"/{name}?sort={order}").status_code for order in (*ORDERS[name], "sideways")]
    assert answers == [200] * len(ORDERS[name]) + [422]
    document = shopping.client.get("/api/v1/openapi.json").json
    asked = document["paths"][f"/api/v1/communities/{{community_id}}/{name}"]["get"]["parameters"]
    [sort] = [one["schema"] for one in asked if one["name"] == "sort"]
    assert set(sort["enum"]) == set(ORDERS[name])
    assert sort.get("default", "newest") in ORDERS[name]
