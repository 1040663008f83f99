"""Past balances and statements over HTTP: the same bytes for the same `known_at`, whose they are, and bad input."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from ledger.book import reading
from ledger.book.accounts import takings_of
from ledger.core import clock
from tests.api.shopping import Shopping
from tests.stories import Neighbour

MORNING, NOON = "2026-11-20T11:00:00+08:00", "2026-11-20T12:00:00+08:00"
LATER = "2026-11-20T18:00:00+08:00"


@pytest.fixture
def lin(shopping: Shopping) -> Neighbour:
    """Has 100 points at noon, buys a loaf for 20 an hour later, and it is 3 p.m. now."""
    member = shopping.street.volunteer()
    clock.advance(hours=1)
    shopping.street.buy(member)
    clock.advance(hours=2)
    return member


def ask(shopping: Shopping, who: Neighbour, path: str, **query: str) -> Any:
    return shopping.get(who, f"{path}?{urlencode(query)}")


def of(member: Neighbour, what: str) -> str:
    return f"/members/{member.member_id.hex}/{what}"


def test_a_members_balance_at_a_past_moment(shopping: Shopping, lin: Neighbour):
    posted = [
        ask(shopping, lin, of(lin, "balance"), **query).json["posted"] for query in ({"at": MORNING}, {"at": NOON}, {})
    ]
    assert posted == [0, 100, 80]


def test_the_past_figures_have_the_same_names_as_those_of_now(shopping: Shopping, lin: Neighbour):
    now = ask(shopping, lin, of(lin, "balance")).json
    past = ask(shopping, lin, of(lin, "balance"), at=clock.now().isoformat()).json
    assert past == now


@pytest.mark.parametrize("path", ["balance", "account"])
def test_a_balance_at_a_time_to_come_is_refused(shopping: Shopping, lin: Neighbour, path: str):
    account = wallet(lin)
    answer = ask(shopping, lin, of(lin, "balance") if path == "balance" else f"/accounts/{account}", at=LATER)
    assert (answer.status_code, answer.json["code"]) == (422, "moment_in_future")


@pytest.mark.parametrize("at", ["yesterday", "2026-11-20", "2026-11-20T12:00:00", "9999-12-31T23:59:59-12:00"])
def test_what_is_no_moment_with_an_offset_is_a_form_error(shopping: Shopping, lin: Neighbour, at: str):
    answer = ask(shopping, lin, of(lin, "balance"), at=at)
    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (422, "invalid", ["at"])


def test_an_account_has_its_balance_and_statement_at_any_time(shopping: Shopping, lin: Neighbour):
    shop = takings_of(shopping.street.bakery.id).id_in(shopping.street.id).hex
    treasurer = shopping.street.place.treasurer
    assert ask(shopping, treasurer, f"/accounts/{shop}", at=NOON).json["balance"] == 0
    assert ask(shopping, treasurer, f"/accounts/{shop}").json["balance"] == 20
    statement = ask(shopping, treasurer, f"/accounts/{shop}/statement").json
    assert (statement["account_id"], statement["opening"], statement["closing"]) == (shop, 0, 20)


def test_a_statement_tells_its_period_and_when_it_was_known(shopping: Shopping, lin: Neighbour):
    statement = ask(shopping, lin, of(lin, "statement"), **{"from": NOON, "to": LATER}).json
    assert statement["items"][0] | {"amount": -20, "balance": 80, "code": "redeem"} == statement["items"][0]
    told = {name: statement[name] for name in ("from", "to", "opening", "closing", "known_at", "next_cursor")}
    assert told == {
        "from": "2026-11-20T04:00:00+00:00",
        "to": "2026-11-20T10:00:00+00:00",
        "opening": 0,
        "closing": 80,
        "known_at": "2026-11-20T07:00:00+00:00",
        "next_cursor": None,
    }


def test_a_statement_is_issued_again_byte_for_byte(shopping: Shopping, lin: Neighbour):
    path, period = of(lin, "statement"), {"from": MORNING, "to": LATER}
    first = ask(shopping, lin, path, **period)
    clock.advance(hours=1)
    shopping.street.buy(lin)
    again = ask(shopping, lin, path, **period, known_at=first.json["known_at"])
    new = ask(shopping, lin, path, **period)
    assert again.data == first.data
    assert (new.json["closing"], len(new.json["items"])) == (60, len(first.json["items"]) + 1)


def test_pages_go_on_below_each_other(shopping: Shopping, lin: Neighbour):
    path = of(lin, "statement")
    first = ask(shopping, lin, path, limit="1").json
    second = ask(shopping, lin, path, limit="1", cursor=first["next_cursor"]).json
    whole = ask(shopping, lin, path).json
    assert first["items"] + second["items"] == whole["items"][:2]
    assert second["next_cursor"] is None
    names = ("opening", "closing", "known_at", "from", "to", "account_id")
    assert {name: second[name] for name in names} == {name: first[name] for name in names}


def test_a_tampered_cursor_is_a_form_error(shopping: Shopping, lin: Neighbour):
    path = of(lin, "statement")
    cursor = bytearray(base64.urlsafe_b64decode(ask(shopping, lin, path, limit="1").json["next_cursor"]))
    cursor[-2] ^= 1
    answer = ask(shopping, lin, path, cursor=base64.urlsafe_b64encode(cursor).decode())
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


def test_a_neighbours_cursor_is_none_of_mine(shopping: Shopping, lin: Neighbour):
    other = shopping.street.volunteer(name="邻居")
    shopping.street.buy(other)
    cursor = ask(shopping, other, of(other, "statement"), limit="1").json["next_cursor"]
    assert ask(shopping, lin, of(lin, "statement"), cursor=cursor).status_code == 422


@pytest.mark.parametrize(
    "query",
    [{"from": LATER, "to": NOON}, {"known_at": LATER}, {"limit": "0"}, {"limit": "201"}, {"cursor": "x" * 601},
     {"from": "2026-11"}],
    ids=["backwards", "known_in_future", "limit_0", "limit_201", "long_cursor", "no_moment"],
)  # fmt: skip
def test_a_statement_of_no_period_is_a_form_error(shopping: Shopping, lin: Neighbour, query: dict[str, str]):
    assert ask(shopping, lin, of(lin, "statement"), **query).status_code == 422


def test_a_neighbours_statement_is_not_mine_to_see(shopping: Shopping, lin: Neighbour):
    other = shopping.street.volunteer(name="邻居")
    assert ask(shopping, other, of(lin, "statement")).status_code == 403
    assert ask(shopping, other, f"/accounts/{wallet(lin)}/statement").status_code == 403
    assert ask(shopping, other, of(lin, "balance"), at=NOON).status_code == 403


def test_who_sees_the_books_sees_a_members_statement(shopping: Shopping, lin: Neighbour):
    assert ask(shopping, shopping.street.place.treasurer, of(lin, "statement")).json["closing"] == 80


def test_my_accounts_transfers_come_newest_first_in_pages(shopping: Shopping, lin: Neighbour):
    clock.advance(hours=1)
    shopping.street.buy(lin)
    whole = ask(shopping, lin, "/transfers", account_id=wallet(lin)).json["items"]
    assert [one["effective_at"] for one in whole] == sorted((one["effective_at"] for one in whole), reverse=True)
    pages: list[Any] = []
    cursor = ""
    while cursor is not None:
        query = {"account_id": wallet(lin), "limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = ask(shopping, lin, "/transfers", **query).json
        pages, cursor = pages + page["items"], page["next_cursor"]
    assert pages == whole
    assert len(whole) == 3


def test_my_transfers_are_those_of_all_my_accounts_each_once(shopping: Shopping, lin: Neighbour):
    ids = [one["id"] for one in ask(shopping, lin, "/transfers").json["items"]]
    assert len(ids) == len(set(ids)) == 2


def test_a_cursor_that_names_no_transfer_leads_nowhere(shopping: Shopping, lin: Neighbour):
    assert ask(shopping, lin, "/transfers", cursor="0" * 32).json["items"] == []


def wallet(member: Neighbour) -> str:
    account = next(one for one in reading.list_accounts(member.actor) if one.kind == "wallet")
    return account.id.hex
