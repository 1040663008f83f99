"""Rollups: three rows for each account and day, written with the transfer or with its seal, and checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.engine import Connection

from ledger.book import rollup_checks
from ledger.book.accounts import AccountKey, debt_of, hours_of, issuance_of, wallet_of
from ledger.book.checking import run_checks
from ledger.book.codes import Kind
from ledger.book.models import Rollup
from ledger.core import clock, registry
from ledger.core.db import db
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_checks import unguarded
from tests.ledger.book.town import Town

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
JUST_AFTER_MIDNIGHT = datetime(2025, 12, 31, 16, 0, 1, tzinfo=UTC)  # 2026-01-01 00:00:01 in Shanghai


@pytest.fixture(autouse=True)
def at_noon(town: Town):
    with clock.set_to(NOON):
        yield


def rows_of(town: Town, key: AccountKey) -> dict[tuple[str, date], tuple[int, int, int]]:
    db.session.remove()
    query = select(Rollup).where(Rollup.account_id == key.id_in(town.id))
    return {(row.level, row.starts_on): (row.amount, row.earned, row.spent) for row in db.session.scalars(query)}


def test_an_award_is_in_its_day_its_month_and_its_year(town: Town) -> None:
    [one, _] = town.member_ids
    town.award(one, 10)
    assert rows_of(town, wallet_of(one)) == {
        ("day", date(2026, 11, 20)): (10, 10, 0),
        ("month", date(2026, 11, 1)): (10, 10, 0),
        ("year", date(2026, 1, 1)): (10, 10, 0),
    }


def test_a_day_begins_at_midnight_in_shanghai(town: Town) -> None:
    [one, _] = town.member_ids
    town.post(town.award_of(one, 1, effective_at=JUST_AFTER_MIDNIGHT))
    town.post(town.award_of(one, 2, effective_at=JUST_AFTER_MIDNIGHT - timedelta(seconds=2)))
    days = {day: sums[0] for (level, day), sums in rows_of(town, wallet_of(one)).items() if level == "day"}
    assert days == {date(2026, 1, 1): 1, date(2025, 12, 31): 2}


def test_the_first_moment_of_a_day_is_checked_with_it_and_not_with_the_day_before(town: Town) -> None:
    [one, _] = town.member_ids
    midnight = JUST_AFTER_MIDNIGHT - timedelta(seconds=1)
    town.post(town.award_of(one, 1, effective_at=midnight - timedelta(hours=1)))
    town.post(town.award_of(one, 2, effective_at=midnight))
    town.post(town.award_of(one, 4, effective_at=midnight - timedelta(microseconds=1)))
    days = {day: sums[0] for (level, day), sums in rows_of(town, wallet_of(one)).items() if level == "day"}
    assert days == {date(2026, 1, 1): 2, date(2025, 12, 31): 5}
    assert run_checks(["rollups_match"], new=True) == []
    assert run_checks(["rollups_match"]) == []


def test_many_transfers_of_a_call_meet_in_the_same_rows(town: Town) -> None:
    [one, _] = town.member_ids
    town.post(town.award_of(one, 5), town.award_of(one, 6), town.spending_of(one, 4))
    assert set(rows_of(town, wallet_of(one)).values()) == {(7, 11, 4)}


def test_a_backdated_transfer_changes_three_rows_however_many_there_are(town: Town) -> None:
    [one, _] = town.member_ids
    town.post(*(town.award_of(one, 1, effective_at=NOON - timedelta(days=17 * step)) for step in range(60)))
    before = rows_of(town, wallet_of(one))
    town.post(town.award_of(one, 100, effective_at=NOON - timedelta(days=17 * 40)))
    after = rows_of(town, wallet_of(one))
    changed = {level for (level, day) in after if before.get((level, day)) != after[level, day]}
    count = sum(before.get(row) != after[row] for row in after)
    assert (changed, count) == ({"day", "month", "year"}, 3)


def test_debts_and_hours_are_rolled_up_with_the_transfer_too_without_lifetime_figures(town: Town) -> None:
    [one, _] = town.member_ids
    stamp = town.award(one, 10)
    town.spend(one, 10)
    town.undo(stamp)
    town.post(town.hours_of(one, 90))
    assert set(rows_of(town, debt_of(one)).values()) == {(-10, 0, 0)}
    assert set(rows_of(town, hours_of(one)).values()) == {(90, 0, 0)}


def test_a_refused_call_leaves_no_rollup(town: Town) -> None:
    [one, _] = town.member_ids
    with pytest.raises(Exception, match="insufficient_points"):
        town.post(town.award_of(one, 5), town.spending_of(one, 6))
    assert rows_of(town, wallet_of(one)) == {}


def test_accounts_without_a_lock_are_rolled_up_when_their_transfers_are_sealed(town: Town) -> None:
    [one, _] = town.member_ids
    town.award(one, 10)
    town.spend(one, 4)
    town.grant(500)
    shared = (town.shop, issuance_of(town.id), town.fund)
    assert [rows_of(town, key) for key in shared] == [{}, {}, {}]
    seal_all(town.id)
    assert [set(rows_of(town, key).values()) for key in shared] == [{(4, 0, 0)}, {(-10, 0, 0)}, {(500, 0, 0)}]


def test_sealing_rolls_no_wallet_up_twice(town: Town) -> None:
    [one, _] = town.member_ids
    town.award(one, 10)
    before = rows_of(town, wallet_of(one))
    seal_all(town.id)
    assert rows_of(town, wallet_of(one)) == before


# Planted faults.


def _day_edited(connection: Connection, town: Town) -> None:
    _change(connection, "amount = amount + 1", level="day")


def _month_edited(connection: Connection, town: Town) -> None:
    _change(connection, "spent = spent - 1", level="month")


def _year_edited(connection: Connection, town: Town) -> None:
    _change(connection, "earned = earned + 1", level="year")


def _change(connection: Connection, change: str, *, level: str) -> None:
    connection.execute(text(f"UPDATE rollups SET {change} WHERE level = '{level}'"))


def _row_deleted(connection: Connection, town: Town) -> None:
    """The row of a day whose movements cancel each other: no balance shows that it is gone."""
    table: Any = Rollup.__table__
    gone = table.delete().where(table.c.amount == 0, table.c.level == "day")
    assert connection.execute(gone).rowcount == 1


def _row_too_many(connection: Connection, town: Town) -> None:
    row = {
        "community_id": town.id,
        "account_id": wallet_of(town.member_ids[0]).id_in(town.id),
        "level": "year",
        "starts_on": date(2020, 1, 1),
        "amount": 0,
        "earned": 0,
        "spent": 0,
    }
    connection.execute(insert(Rollup), [row])


def _sealed_rollup_edited(connection: Connection, town: Town) -> None:
    table: Any = Rollup.__table__
    of_shop = table.update().where(table.c.account_id == town.shop.id_in(town.id))
    assert connection.execute(of_shop.values(amount=table.c.amount + 1)).rowcount == 3


def _seal_forgotten(connection: Connection, town: Town) -> None:
    """A transfer that was never rolled up waits for its seal no more."""
    connection.execute(text("DELETE FROM unsealed"))


CANARIES: list[Callable[[Connection, Town], None]] = [
    _day_edited, _month_edited, _year_edited, _row_deleted, _row_too_many, _sealed_rollup_edited, _seal_forgotten,
]  # fmt: skip


@pytest.fixture
def lively(town: Town) -> Town:
    """Rollups of both sorts: sealed ones, such as still wait, and a day whose movements cancel each other."""
    one, other = town.member_ids
    town.award(one, 30)
    town.spend(one, 12)
    town.grant(500)
    seal_all(town.id)
    earlier = NOON - timedelta(days=40)
    town.post(town.award_of(other, 7, effective_at=earlier), town.spending_of(other, 7, effective_at=earlier))
    town.charge(120)
    return town


def findings() -> list[str]:
    db.session.remove()
    return [finding.detail for finding in run_checks(["rollups_match"])]


def test_sound_rollups_have_no_findings(lively: Town) -> None:
    assert findings() == []


@pytest.mark.breaks_books
@pytest.mark.parametrize("plant", CANARIES, ids=[plant.__name__.strip("_") for plant in CANARIES])
def test_a_planted_fault_is_found(lively: Town, plant: Callable[[Connection, Town], None]) -> None:
    with unguarded() as connection:
        plant(connection, lively)
    assert findings() != []


def test_every_check_of_past_balances_has_planted_faults() -> None:
    of_here = {name for name, check in registry.checks.items() if check.__module__ == rollup_checks.__name__}
    assert of_here == {"rollups_match"}


@pytest.mark.breaks_books
def test_a_finding_says_which_row_lacks_what(lively: Town) -> None:
    with unguarded() as connection:
        _sealed_rollup_edited(connection, lively)
    shop = lively.shop.id_in(lively.id)
    assert findings() == [f"day 2026-11-20 of account {shop} lacks amount -1, earned +0, spent +0"]


def test_which_kinds_are_rolled_up_at_once_is_said_once(town: Town) -> None:
    """The migration filled the rollups of these kinds; another set needs another migration."""
    from ledger.book.rollups import ROLLED_AT_ONCE

    assert frozenset({Kind.WALLET, Kind.DEBT, Kind.HOURS}) == ROLLED_AT_ONCE
