"""PostgreSQL's partitions by community: the same migrations, the same house, and history closed in each part, too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.book import triggers
from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.partitions import PARTED, part, parts_of
from ledger.settlement.models import SettlementState
from tests.conftest import SERVER, PostgresqlDatabase, house_on
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import Street, open_street
from tests.ledger.settlement.office import Office

PARTS = 4


@pytest.fixture(scope="module")
def house() -> Iterator[Flask]:
    """A house whose growing tables lie in parts; nobody else uses it."""
    database = PostgresqlDatabase(os.environ[SERVER])
    app = house_on(database, DATABASE_PARTITIONS=PARTS)
    yield app
    with app.app_context():
        db.engine.dispose()
    database.drop()


@pytest.fixture
def street(house: Flask) -> Iterator[Street]:
    with house.app_context():
        yield open_street()


@atomic
def refused(statement: str) -> bool:
    try:
        with db.session.begin_nested():
            db.session.execute(text(statement))
    except DBAPIError:
        return True
    return False


@atomic
def find_faults() -> list[str]:
    return triggers.faults(db.session.connection())


def test_a_week_works_in_parts_and_its_books_are_clean(street: Street) -> None:
    office = Office(street)
    first, _second = office.buy(), office.buy()
    office.refund(first)
    office.bring_to(SettlementState.RECONCILED, office.one())
    seal_all(street.id)
    assert run_checks() == []
    assert {name.rpartition("_part")[0] for name in parts_of(db.session.connection(), PARTED)} == set(PARTED)
    there = f"SELECT count(DISTINCT tableoid) FROM transfers WHERE community_id = '{street.id}'"
    assert db.session.scalar(text(there)) == 1, "a community's rows lie together"


def test_a_statement_that_names_its_community_meets_one_part(street: Street) -> None:
    for table in PARTED:
        asked = text(f"EXPLAIN SELECT * FROM {table} WHERE community_id = '{street.id}'")
        met = set(re.findall(rf"on ({table}_part\d\d)", "\n".join(db.session.scalars(asked))))
        assert len(met) == 1, table


def test_history_is_closed_in_the_whole_and_in_each_part(street: Street) -> None:
    street.award(street.volunteer(), 5)
    for whole in triggers.APPEND_ONLY:
        for table in (whole, *parts_of(db.session.connection(), [whole])):
            assert refused(f"TRUNCATE {table} CASCADE"), table
    table = db.session.scalar(
        text(f"SELECT tableoid::regclass FROM transfers WHERE community_id = '{street.id}' LIMIT 1")
    )
    for one in ("transfers", str(table)):
        assert refused(f"UPDATE {one} SET amount = amount + 1 WHERE community_id = '{street.id}'"), one
        assert refused(f"DELETE FROM {one} WHERE community_id = '{street.id}'"), one


@pytest.mark.parametrize(
    ("opened", "closed"),
    [
        ("ALTER TABLE transfers_part02 DISABLE TRIGGER transfers_no_delete", "transfers_no_delete"),
        ("ALTER TABLE leaves_part01 DISABLE TRIGGER leaves_part01_no_truncate", "leaves_part01_no_truncate"),
    ],
)
def test_a_part_that_was_opened_is_found(house: Flask, opened: str, closed: str) -> None:
    with house.app_context():
        assert find_faults() == []
        with db.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text(opened))
            assert triggers.faults(connection) == [f"trigger {closed} is missing"]
            transaction.rollback()


def test_the_houses_role_has_no_right_on_a_part(house: Flask) -> None:
    with house.app_context(), db.engine.begin() as connection:
        connection.execute(text("CREATE ROLE parted LOGIN"))
    try:
        given = house.test_cli_runner().invoke(args=["db", "roles", "parted"])
        assert given.exit_code == 0, given.output
        with house.app_context():
            for part in parts_of(db.session.connection(), PARTED):
                rights = f"SELECT has_table_privilege('parted', '{part}', 'SELECT, INSERT, UPDATE, DELETE')"
                assert db.session.scalar(text(rights)) is False, part
            whole = "SELECT has_table_privilege('parted', 'transfers', 'INSERT')"
            assert db.session.scalar(text(whole)) is True
    finally:
        with house.app_context(), db.engine.begin() as connection:
            connection.execute(text("DROP OWNED BY parted"))
            connection.execute(text("DROP ROLE parted"))


@pytest.fixture(autouse=True)
def _present() -> Iterator[None]:
    yield
    clock.move_to(None)


@pytest.mark.parametrize("count", [-1, 257])
def test_a_number_of_parts_that_is_none_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 256"):
        part(count)


@pytest.mark.long
def test_the_whole_way_down_and_up_again_in_parts() -> None:
    database = PostgresqlDatabase(os.environ[SERVER])
    app = house_on(database, DATABASE_PARTITIONS=PARTS)
    try:
        with app.app_context():
            downgrade(revision="base")
            assert parts_of(db.session.connection(), PARTED) == []
            db.session.rollback()
            upgrade()
            assert len(parts_of(db.session.connection(), PARTED)) == PARTS * len(PARTED)
            db.session.remove()
            db.engine.dispose()
    finally:
        database.drop()
