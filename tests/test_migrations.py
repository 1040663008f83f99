"""Migrations: numbered, in one line, equal to the models, and able to go up and down with rows in place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from ledger.book import triggers
from ledger.core import audit
from ledger.core.db import atomic, db
from ledger.core.tenancy import load
from ledger.people import households, teams
from ledger.people.models import Household
from ledger.people.team_models import Team
from tests import crash_worker, postgres
from tests.ledger.book.town import open_town
from tests.schema import every_table
from tests.stories import open_neighbourhood

VERSIONS = sorted((Path(__file__).parent.parent / "migrations" / "versions").glob("*.py"))


GIVEN_UP: dict[str, set[tuple[str, str | None]]] = {
    "0038": {("outbox_events", name) for name in ("ix_outbox_events_waiting", "delivered_at", "attempts")},
    "0046": {
        ("transfers", "ix_transfers_reverses"), ("draws", "ix_draws_transfer"), ("draws", "ix_draws_hold"),
    },
}  # fmt: skip
"""What a step takes away, and its way down brings back; every other step only adds."""


@pytest.fixture
def empty_house(request: pytest.FixtureRequest, engine_name: str, tmp_path: Path) -> Iterator[Flask]:
    """A house on an empty database of its own."""
    url = f"sqlite:///{tmp_path / 'house.db'}"
    if engine_name == "postgresql":
        server: postgres.Postgres = request.getfixturevalue("durable_postgres")
        postgres.create_database(server.url, "migrations")
        url = postgres.database_url(server.url, "migrations")
    app = crash_worker.house(url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def shape(connection: Connection) -> set[tuple[str, str | None]]:
    """The columns and indexes of all tables; of an index over some rows it is said."""
    found = inspect(connection)
    columns = {(table, one["name"]) for table in found.get_table_names() for one in found.get_columns(table)}
    indexes = {(table, _called(one)) for table in found.get_table_names() for one in found.get_indexes(table)}
    return columns | indexes


def _called(index: Any) -> str:
    is_of_some = any(option.endswith("_where") for option in index.get("dialect_options", ()))
    return f"{index['name']}{' where' if is_of_some else ''}"


def differences(connection: Connection) -> list[object]:
    """What alembic would change to make the database equal to the models."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, every_table()))


def test_the_newest_migration_equals_the_models(context: Flask) -> None:
    with db.engine.connect() as connection:
        assert differences(connection) == []


def test_constraints_and_checks_of_the_models_are_in_the_database(context: Flask) -> None:
    with db.engine.connect() as connection:
        found = inspect(connection)
        for table in every_table().tables.values():
            checks = {check["name"] for check in found.get_check_constraints(table.name)}
            expected = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
            assert checks == expected, table.name


@pytest.mark.long
def test_a_row_goes_up_and_down_and_up(empty_house: Flask) -> None:
    upgrade()
    town = open_town(members=2)
    stamp = town.award(town.member_ids[0], 10)
    town.undo(stamp)
    town.grant(100)
    town.hold(town.fund, 10)
    atomic(audit.record)(town.actor, "test.done")
    db.session.remove()

    downgrade(revision="base")
    with db.engine.connect() as connection:
        assert tables(connection) <= {"alembic_version"}

    upgrade()
    with db.engine.connect() as connection:
        assert differences(connection) == []
        assert triggers.installed(connection) == triggers.expected(connection.dialect.name)
    again = open_town(members=1)
    again.award(again.member_ids[0], 3)


@pytest.mark.long
def test_every_step_can_be_gone_down_and_up_again(empty_house: Flask) -> None:
    upgrade()
    for version in reversed(VERSIONS):
        with db.engine.connect() as connection:
            before = shape(connection)
        downgrade(revision="-1")
        with db.engine.connect() as connection:
            after = shape(connection)
            assert after - GIVEN_UP.get(version.name[:4], set()) < before
        upgrade(revision="+1")
        with db.engine.connect() as connection:
            assert shape(connection) == before
        downgrade(revision="-1")


def test_rows_of_lower_rooms_stay_when_an_upper_room_goes_down_and_up(empty_house: Flask) -> None:
    upgrade()
    town = open_town(members=1)
    town.award(town.member_ids[0], 10)
    db.session.remove()
    downgrade(revision="0002")
    upgrade()
    assert town.of(town.member_ids[0]).posted == 10


def test_households_and_teams_of_before_get_the_keys_that_new_ones_have(empty_house: Flask) -> None:
    upgrade()
    place = open_neighbourhood()
    lin = place.volunteer()
    assert lin.member_id is not None
    home = households.form_household(place.admin.actor, "3 号楼 501", member_ids=[lin.member_id])
    team = teams.form_team(place.admin.actor, "3 号队", unit_id=place.grid.id, leader_id=lin.member_id)
    made = (home.sort_key, team.sort_key)
    db.session.remove()
    downgrade(revision="0043")
    upgrade()
    assert (load(place.id, Household, home.id).sort_key, load(place.id, Team, team.id).sort_key) == made


def test_an_upgrade_that_fails_leaves_nothing(empty_house: Flask) -> None:
    with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE settlement_lines (id INTEGER)"))
    with pytest.raises(Exception, match="settlement_lines"):
        upgrade()
    with db.engine.connect() as connection:
        assert tables(connection) <= {"settlement_lines", "alembic_version"}


def test_upgrading_an_up_to_date_database_changes_nothing(context: Flask) -> None:
    with db.engine.connect() as connection:
        before = tables(connection)
    upgrade()
    with db.engine.connect() as connection:
        assert (tables(connection), differences(connection)) == (before, [])


def test_versions_are_numbered_without_a_gap() -> None:
    numbers = [int(version.name[:4]) for version in VERSIONS]
    assert numbers == list(range(1, len(VERSIONS) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z][a-z_]+\.py", version.name) for version in VERSIONS)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.stem)
def test_a_version_follows_the_one_before_and_says_how_to_go_back(version: Path) -> None:
    tree = ast.parse(version.read_text())
    values = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
    }
    number = int(version.name[:4])
    assert values["revision"] == f"{number:04d}"
    assert values["down_revision"] == (f"{number - 1:04d}" if number > 1 else None)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"upgrade", "downgrade"} <= set(functions)
    assert ast.get_docstring(tree), "a version says what it brings"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.stem)
def test_a_version_imports_nothing_of_ours(version: Path) -> None:
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(version.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"__future__", "re", "sqlalchemy", "alembic", "pypinyin"}
