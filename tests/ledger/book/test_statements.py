"""Statements: opening + entries = closing on every page, the same again for the same `known_at`, nothing forged."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event

from ledger.book import reading
from ledger.book.accounts import AccountKey, issuance_of, open_accounts, takings_of, wallet_of
from ledger.book.errors import MomentInFuture
from ledger.book.knowing import known_so_far
from ledger.book.statements import CURSOR_LENGTH, Entry, Statement, make_statement
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Invalid, NotFound
from ledger.core.ids import new_id
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_past import History
from tests.ledger.book.town import Town, at_once, evidence

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def at_noon(town: Town) -> Iterator[None]:
    with clock.set_to(NOON):
        yield


@pytest.fixture
def wallet(town: Town) -> AccountKey:
    return wallet_of(town.member_ids[0])


def statement(town: Town, key: AccountKey, **asked: Any) -> Statement:
    db.session.remove()
    return make_statement(town.id, reading.account_of(town.id, key), **asked)


def told(found: Statement) -> list[tuple[int, int]]:
    return [(entry.amount, entry.balance) for entry in found.entries]


def all_pages(town: Town, key: AccountKey, *, limit: int, **asked: Any) -> list[Statement]:
    pages = [statement(town, key, limit=limit, **asked)]
    while pages[-1].next_cursor is not None:
        period = {name: asked[name] for name in ("since", "until") if name in asked}
        pages.append(statement(town, key, limit=limit, cursor=pages[-1].next_cursor, **period))
    return pages


@pytest.fixture
def eventful(town: Town, wallet: AccountKey) -> Town:
    """+10, −4 a day later, +7 two days later."""
    [one, _] = town.member_ids
    town.award(one, 10)
    clock.advance(days=1)
    town.spend(one, 4)
    clock.advance(days=1)
    town.award(one, 7)
    return town


def test_a_statement_begins_with_nothing_and_ends_with_the_balance(eventful: Town, wallet: AccountKey) -> None:
    found = statement(eventful, wallet)
    assert (found.opening, told(found), found.closing) == (0, [(7, 13), (-4, 6), (10, 10)], 13)
    assert (found.period.known_at, found.next_cursor) == (clock.now(), None)


def test_an_entry_tells_what_moved_and_who_did_it_for_whom(town: Town, wallet: AccountKey) -> None:
    relative, source = new_id(), evidence("stamp")
    [written] = town.post(town.award_of(town.member_ids[0], 4, source=source, on_behalf_of=relative))
    assert statement(town, wallet).entries == [
        Entry(
            transfer_id=written,
            code="award",
            amount=4,
            balance=4,
            effective_at=NOON,
            recorded_at=NOON,
            source_type="stamp",
            source_id=source.id,
            actor_id=town.actor.person_id,
            on_behalf_of=relative,
        )
    ]


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(eventful: Town, wallet: AccountKey) -> None:
    found = statement(eventful, wallet, since=NOON + DAY, until=NOON + 2 * DAY)
    assert (found.opening, told(found), found.closing) == (10, [(-4, 6)], 6)


def test_a_period_may_reach_beyond_today(eventful: Town, wallet: AccountKey) -> None:
    found = statement(eventful, wallet, since=NOON, until=NOON + 100 * DAY)
    assert (found.opening, found.closing, len(found.entries)) == (0, 13, 3)


def test_a_period_without_movements_opens_and_closes_alike(eventful: Town, wallet: AccountKey) -> None:
    found = statement(eventful, wallet, since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2))
    assert (found.opening, found.entries, found.closing) == (10, [], 10)


def test_a_period_that_ends_before_it_begins_is_refused(eventful: Town, wallet: AccountKey) -> None:
    with pytest.raises(Invalid):
        statement(eventful, wallet, since=NOON + DAY, until=NOON)


def test_nobody_knows_now_what_will_be_known(eventful: Town, wallet: AccountKey) -> None:
    with pytest.raises(MomentInFuture):
        statement(eventful, wallet, known_at=clock.now() + timedelta(microseconds=1))


def test_an_account_that_was_never_opened_has_no_statement(town: Town) -> None:
    with pytest.raises(NotFound):
        statement(town, wallet_of(UUID(int=1)))


@pytest.mark.parametrize("sealed", [False, True])
def test_shared_accounts_have_statements_too(eventful: Town, sealed: bool) -> None:
    if sealed:
        seal_all(eventful.id)
    assert told(statement(eventful, eventful.shop)) == [(4, 4)]
    found = statement(eventful, issuance_of(eventful.id), since=NOON + DAY)
    assert (found.opening, told(found), found.closing) == (-10, [(-7, -17)], -17)


# The same again.


def test_a_statement_of_the_same_known_at_is_the_same_whatever_came_after(eventful: Town, wallet: AccountKey) -> None:
    first = statement(eventful, wallet)
    [one, _] = eventful.member_ids
    clock.advance(hours=1)
    eventful.post(eventful.award_of(one, 100, effective_at=NOON + timedelta(minutes=5)))
    eventful.spend(one, 50)
    again = statement(eventful, wallet, known_at=first.period.known_at)
    assert again == first
    new = statement(eventful, wallet)
    assert told(new) == [(-50, 63), (7, 113), (-4, 106), (100, 110), (10, 10)]


def test_the_pages_of_a_statement_stay_the_same_while_more_happens(eventful: Town, wallet: AccountKey) -> None:
    whole = statement(eventful, wallet)
    pages = [statement(eventful, wallet, limit=1)]
    while pages[-1].next_cursor is not None:
        clock.advance(seconds=1)
        eventful.post(eventful.award_of(eventful.member_ids[0], 100, effective_at=NOON - DAY))
        pages.append(statement(eventful, wallet, limit=1, cursor=pages[-1].next_cursor))
    assert [entry for page in pages for entry in page.entries] == whole.entries
    assert {(page.opening, page.closing, page.period) for page in pages} == {(0, 13, whole.period)}


@pytest.mark.parametrize("seed", range(3))
def test_pages_of_random_histories_join_to_opening_and_closing(town: Town, seed: int) -> None:
    history = History(town, random.Random(seed))
    history.live(50)
    for key in list(history.sides):
        since, until = sorted((history.some_moment(), history.some_moment()))
        known_at = history.some_moment()
        pages = all_pages(town, key, limit=3, since=since, until=until, known_at=known_at)
        entries = [entry for page in pages for entry in page.entries]
        order = [(entry.effective_at, entry.transfer_id) for entry in entries]
        expected = [
            (side.amount, side.effective_at)
            for side in history.sides[key]
            if since <= side.effective_at < until and side.recorded_at <= known_at
        ]
        assert order == sorted(order, reverse=True)
        assert sorted((entry.amount, entry.effective_at) for entry in entries) == sorted(expected)
        balances = [pages[0].opening]
        for entry in reversed(entries):
            balances.append(balances[-1] + entry.amount)
            assert entry.balance == balances[-1]
        assert balances[-1] == pages[0].closing


# Pages.


def test_movements_of_one_instant_are_parted_by_pages_without_loss(town: Town, wallet: AccountKey) -> None:
    town.post(*(town.award_of(town.member_ids[0], points) for points in range(1, 8)))
    pages = all_pages(town, wallet, limit=2)
    assert [amount for page in pages for amount, _ in told(page)] == [7, 6, 5, 4, 3, 2, 1]
    assert [len(page.entries) for page in pages] == [2, 2, 2, 1]


@pytest.mark.parametrize("limit", [1, 3])
def test_the_last_page_has_no_next(eventful: Town, wallet: AccountKey, limit: int) -> None:
    pages = all_pages(eventful, wallet, limit=limit)
    assert len(pages) == 3 / limit


def test_a_later_page_takes_one_statement_whatever_lies_before_it(eventful: Town, wallet: AccountKey) -> None:
    account = reading.account_of(eventful.id, wallet)
    cursor = statement(eventful, wallet, limit=1).next_cursor
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_more: Any) -> None:
        seen.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        make_statement(eventful.id, account, limit=1, cursor=cursor)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    selects = [sql for sql in seen if sql.startswith("SELECT")]
    assert len(selects) == 1
    assert "UNION ALL" in selects[0]
    assert " OVER " not in selects[0]


# Cursors.


def test_a_cursor_fits_into_its_bound(eventful: Town, wallet: AccountKey) -> None:
    since, until = datetime(2000, 1, 1, 1, 1, 1, 1, UTC), datetime(2199, 1, 1, 1, 1, 1, 1, UTC)
    cursor = statement(eventful, wallet, limit=1, since=since, until=until).next_cursor
    assert cursor is not None
    assert len(cursor) + 3 * 12 < CURSOR_LENGTH  # Three sums could be some digits longer.


@pytest.mark.parametrize("place", [0, 15, 16, 17, 40, -1])
def test_a_cursor_with_a_changed_byte_is_refused(eventful: Town, wallet: AccountKey, place: int) -> None:
    cursor = statement(eventful, wallet, limit=1).next_cursor
    assert cursor is not None
    changed = bytearray(base64.urlsafe_b64decode(cursor))
    changed[place] ^= 1
    with pytest.raises(Invalid):
        statement(eventful, wallet, limit=1, cursor=base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "红花", "=", "0" * 64])
def test_what_never_was_a_cursor_is_refused(eventful: Town, wallet: AccountKey, cursor: str) -> None:
    with pytest.raises(Invalid):
        statement(eventful, wallet, cursor=cursor)


def test_a_cursor_of_another_account_is_refused(eventful: Town, wallet: AccountKey) -> None:
    eventful.award(eventful.member_ids[1], 1)
    with pytest.raises(Invalid):
        statement(eventful, wallet_of(eventful.member_ids[1]), cursor=statement(eventful, wallet, limit=1).next_cursor)


@pytest.mark.parametrize("asked", [{"since": NOON}, {"until": NOON}, {"known_at": NOON}])
def test_a_cursor_of_another_period_is_refused(eventful: Town, wallet: AccountKey, asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        statement(eventful, wallet, cursor=statement(eventful, wallet, limit=1).next_cursor, **asked)


# What is known so far.


def test_a_transfer_that_is_being_written_is_waited_for(app: Flask, town: Town, wallet: AccountKey) -> None:
    """A statement made while others write shows, made again, no entry that it lacked."""
    clock.move_to(None)
    account = reading.account_of(town.id, wallet)
    one = town.member_ids[0]
    made: list[Statement] = []

    def write() -> None:
        for _ in range(12):
            town.award(one, 1)

    def look() -> None:
        made.extend(make_statement(town.id, account, limit=200) for _ in range(12))

    assert at_once(app, [write, write, look, look]) == [None] * 4
    again = [statement(town, wallet, limit=200, known_at=before.period.known_at) for before in made]
    assert again == made


def test_what_is_known_of_a_shared_account_ends_before_the_oldest_writer(app: Flask, town: Town) -> None:
    """On PostgreSQL a transaction that has written and goes on holds the moment back, also of what it writes later."""
    clock.move_to(None)
    account = reading.account_of(town.id, town.shop)
    if db.session.get_bind().dialect.name == "sqlite":
        assert known_so_far(town.id, account) <= clock.now()
        return
    known: list[datetime] = []

    @atomic
    def write_slowly() -> datetime:
        open_accounts(town.id, [takings_of(UUID(int=7))])
        started_at = clock.now()
        known.extend(at_once(app, [lambda: known_so_far(town.id, account)]))
        return started_at

    started_at = write_slowly()
    assert known[0] < started_at
    assert known_so_far(town.id, account) > started_at
