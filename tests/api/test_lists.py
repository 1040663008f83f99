"""Every list of a community is read page by page, the same way, and shows everything once."""

from __future__ import annotations

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
