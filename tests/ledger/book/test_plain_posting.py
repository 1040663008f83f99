"""PostgreSQL's one-statement way of the writer: the same rows and refusals as the long way, and never anything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, text
from sqlalchemy.engine import Connection

from ledger.book import balances, expiry, plain_posting, rollups, transfers
from ledger.book.accounts import wallet_of
from ledger.book.checking import run_checks
from ledger.book.drafts import Draft
from ledger.book.errors import AlreadyPosted, HoldEnded, InsufficientFunds
from ledger.book.models import Balance, Hold, Rollup, Transfer
from ledger.core import clock
from ledger.core.db import atomic, db, expect_refusals, is_postgresql
from ledger.core.tenancy import scoped
from tests.counting import counted_statements
from tests.ledger.book.expiring import admin_of
from tests.ledger.book.town import Town, at_once, evidence, open_town
from tests.owning import owner

NOON = clock.now().replace(hour=4, minute=0)


@pytest.fixture(autouse=True)
def _only_there(context: Flask) -> None:
    if not is_postgresql():
        pytest.skip("SQLite has no functions; its one way is the long one")


def bought(town: Town) -> list[Draft]:
    """A redemption of 30 points and 300 fen out of holds, of somebody who has 100; the fund has 10,000."""
    member = town.member()
    town.award(member, 100)
    town.grant(10_000)
    source = evidence("redemption")
    return [
        town.spending_of(member, 30, hold=town.hold(wallet_of(member), 30), source=source),
        town.charge_of(300, hold=town.hold(town.fund, 300), source=source),
    ]


def rows_of(town: Town) -> dict[str, list[tuple[Any, ...]]]:
    """What the books of the town hold, without ids; chance says in which slot of the fund."""
    queries = {
        "holds": (Hold, "amount state ended_at expires_at"),
        "rollups": (Rollup, "level starts_on amount earned spent"),
        "transfers": (Transfer, "code unit amount effective_at recorded_at source_type part reverses_id expires_on"),
    }
    figures = [func.sum(getattr(Balance, column)) for column in ("balance", "held", "earned", "spent", "dated")]
    sums = scoped(town.id, Balance.account_id).with_only_columns(*figures).group_by(Balance.account_id)
    found = {"balances": sorted(tuple(map(str, row)) for row in db.session.execute(sums))}
    for name, (model, columns) in queries.items():
        rows = db.session.scalars(scoped(town.id, model))
        found[name] = sorted(tuple(str(getattr(row, column)) for column in columns.split()) for row in rows)
    return found


def both_ways(drafts_of: Callable[[Town], list[Draft]]) -> tuple[list[str], list[Transfer]]:
    """What is asked for in two new towns is the same in both, be it posted plainly or the long way, and checks clean.

    Returns the statements of the plain way, and its transfers in the drafts' order.
    """
    with clock.set_to(NOON):
        plain, long = open_town(), open_town()
        drafts = {town.id: drafts_of(town) for town in (plain, long)}

        @atomic
        def the_long_way() -> None:
            expect_refusals()
            transfers.post_transfers(long.actor, drafts[long.id])

        with counted_statements() as seen:
            ids = plain.post(*drafts[plain.id])
        the_long_way()
    assert [plain.of(member) for member in plain.member_ids] == [long.of(member) for member in long.member_ids]
    assert rows_of(plain) == rows_of(long)
    assert run_checks() == []
    return seen, [db.session.get_one(Transfer, (plain.id, one)) for one in ids]


def test_it_writes_in_one_statement_what_the_long_way_writes() -> None:
    [statement], written = both_ways(bought)
    assert plain_posting.NAME in statement
    assert [one.part for one in written] == [0, 1]


def earned(town: Town) -> list[Draft]:
    """Awards with their minutes to two people, one of them of yesterday, an opening balance, and an award to somebody
    who has dated points from before.
    """
    dated = town.member()
    town.post(town.award_of(dated, 9, expires_on=date(2030, 1, 31)))
    one, other = town.member(), town.member()
    return [
        town.award_of(one, 30),
        town.hours_of(one, 90),
        town.award_of(other, 7, effective_at=clock.now() - timedelta(days=1)),
        town.hours_of(other, 60),
        town.award_of(one, 5),
        town.opening_of(other, 11),
        town.award_of(dated, 2),
    ]


def test_what_is_earned_is_written_in_one_statement_too() -> None:
    """After the question whether it expires or somebody owes."""
    [question, statement], written = both_ways(earned)
    assert "expiry_policies" in question
    assert plain_posting.NAME in statement
    assert [one.amount for one in written] == [30, 90, 7, 60, 5, 11, 2]


def test_who_owes_repays_first_and_what_expires_is_dated_so_neither_is_plain() -> None:
    with clock.set_to(NOON):
        town = open_town(members=2)
        owing, other = town.member_ids
        stamp = town.award(owing, 30)
        town.spend(owing, 25)
        town.undo(stamp)
        with counted_statements() as seen:
            town.post(town.award_of(other, 4), town.award_of(owing, 10))
        assert not any(plain_posting.NAME in one for one in seen), "known before it is tried"
        assert (town.of(owing).debt, town.of(owing).posted, town.of(other).posted) == (15, 0, 4)
        expiry.set_policy(admin_of(town), 2)
        with counted_statements() as seen:
            town.award(other, 5)
        assert not any(plain_posting.NAME in one for one in seen), "known before it is tried"
        assert [one.points for one in town.of(other).expiring] == [5]
    assert run_checks() == []


def test_a_debt_that_came_since_it_was_asked_for_is_seen_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    town = open_town(members=1)
    member = town.member_ids[0]
    stamp = town.award(member, 30)
    town.spend(member, 25)
    town.undo(stamp)
    monkeypatch.setattr(plain_posting, "are_plain", lambda *_: True)
    with counted_statements() as seen:
        town.award(member, 10)
    assert [plain_posting.NAME in one for one in seen].count(True) == 1, "tried, and taken back"
    assert (town.of(member).debt, town.of(member).posted) == (15, 0)


def test_an_award_is_written_once_however_many_send_it(context: Flask) -> None:
    town = open_town(members=1)
    draft = town.award_of(town.member_ids[0], 3)
    found = at_once(context, [lambda: town.post(draft)] * 4)
    assert sorted(type(one).__name__ for one in found) == ["AlreadyPosted"] * 3 + ["list"]
    assert town.of(town.member_ids[0]).posted == 3
    assert run_checks() == []


def test_an_award_and_an_undo_that_leaves_a_debt_come_one_after_the_other(context: Flask) -> None:
    """Whoever has the wallet first: what is owed at the end is what a ledger of one hand would say."""
    for _ in range(8):
        town = open_town(members=1)
        member = town.member_ids[0]
        stamp = town.award(member, 20)
        town.spend(member, 20)
        at_once(context, [partial(town.undo, stamp), partial(town.award, member, 6)])
        assert (town.of(member).debt, town.of(member).posted) == (14, 0)
        assert run_checks() == []


@pytest.mark.parametrize("cause", [HoldEnded, AlreadyPosted, InsufficientFunds])
def test_it_refuses_as_the_long_way_does(cause: type[Exception]) -> None:
    town = open_town()
    drafts = bought(town)
    if cause is HoldEnded:
        assert drafts[1].hold is not None
        town.void(drafts[1].hold)
    elif cause is AlreadyPosted:
        town.post(*drafts)
        drafts = [town.charge_of(1, source=drafts[1].source)]
    else:
        drafts = [town.charge_of(10_001)]
    before = rows_of(town)
    with pytest.raises(cause):
        town.post(*drafts)
    assert rows_of(town) == before
    assert run_checks() == []


def test_what_one_slot_has_not_the_fund_as_a_whole_may_have() -> None:
    town = open_town()
    town.grant(10_000)
    town.charge(9_999)
    assert town.balance(town.fund) == 1
    assert run_checks() == []


def test_another_day_than_it_was_told_is_not_plain() -> None:
    town = open_town()
    drafts = bought(town)
    before = rows_of(town)

    @atomic
    def tomorrow() -> None:
        changes, now = transfers._changes(drafts), clock.now()
        with pytest.raises(plain_posting.NotPlain):
            plain_posting.post_plainly(
                town.actor,
                drafts,
                changes=balances.in_lock_order(town.id, changes),
                rows=[transfers._row(town.actor, one, town.id, now) for one in drafts],
                sums=rollups.sums_of(town.id, []),
                day=clock.local_day(now) + timedelta(days=1),
            )
        db.session.rollback()

    tomorrow()
    assert rows_of(town) == before


@pytest.mark.parametrize(
    "plant",
    [
        f"DROP FUNCTION {plain_posting.NAME}",
        plain_posting._CREATE.replace("balance + moved[i] >= held + kept[i]", "true"),
        f"CREATE FUNCTION {plain_posting.NAME}() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    ],
)
def test_another_function_of_that_name_is_found(plant: str) -> None:
    with owner().connect() as connection, connection.begin() as transaction:
        here: Connection = connection
        assert plain_posting.faults(here) == []
        here.execute(text(plant.replace(":", "\\:")))
        assert plain_posting.faults(here) == ["function post_plainly is missing or does something else than it should"]
        transaction.rollback()


def test_an_upgrade_leaves_none_of_an_older_version() -> None:
    older = "CREATE FUNCTION {}(of_accounts uuid[]) RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'"
    with owner().connect() as connection, connection.begin() as transaction:
        connection.execute(text(older.format(plain_posting.NAME)))
        assert plain_posting.faults(connection) != []
        plain_posting.install(connection)
        assert plain_posting.faults(connection) == []
        transaction.rollback()


def test_a_house_on_an_older_database_says_that_it_is_to_be_upgraded_and_works(client: FlaskClient) -> None:
    """It goes the long way meanwhile."""
    town = open_town(members=1)
    with owner().connect() as connection:
        try:
            with connection.begin():
                connection.execute(text(f"DROP FUNCTION {plain_posting.NAME}"))
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json["status"]) == (503, "to be upgraded")
            town.award(town.member_ids[0], 3)
            assert town.of(town.member_ids[0]).posted == 3
        finally:
            with connection.begin():
                plain_posting.install(connection)
    assert client.get("/readyz").json == {"status": "ready"}


def test_the_books_do_not_check_clean_with_another_function() -> None:
    with owner().connect() as connection:
        try:
            with connection.begin():
                connection.execute(text(f"DROP FUNCTION {plain_posting.NAME}"))
            assert [one.check for one in run_checks(["triggers_installed"])] == ["triggers_installed"]
        finally:
            with connection.begin():
                plain_posting.install(connection)
    assert run_checks(["triggers_installed"]) == []
