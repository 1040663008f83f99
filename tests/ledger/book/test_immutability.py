"""History is only added to: the engine itself refuses every change, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from ledger.book import triggers
from ledger.core import audit
from ledger.core.db import atomic
from tests.ledger.book.town import Town
from tests.owning import owner


def execute(statement: str) -> None:
    with owner().begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def with_history(town: Town) -> Town:
    town.award(town.member_ids[0], 10)
    atomic(audit.record)(town.actor, "test.done")
    return town


@pytest.mark.parametrize("table", ["transfers", "audit_lines"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET community_id = community_id", "UPDATE {} SET actor_id = id WHERE 1 = 1", "DELETE FROM {}"],
)
def test_raw_sql_cannot_change_history(with_history: Town, table: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        execute(statement.format(table))


def test_raw_sql_cannot_truncate_history(with_history: Town, engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE; its DELETE without WHERE is refused above")
    with pytest.raises(DBAPIError, match="append-only"):
        execute("TRUNCATE transfers CASCADE")


def test_a_row_of_history_cannot_be_replaced(with_history: Town, engine_name: str) -> None:
    changed = "REPLACE INTO transfers SELECT * FROM transfers"
    if engine_name == "postgresql":
        changed = (
            "INSERT INTO transfers SELECT * FROM transfers ON CONFLICT (community_id, id) DO UPDATE SET amount = 1"
        )
    with pytest.raises(DBAPIError, match="append-only"):
        execute(changed)


def test_the_database_has_exactly_the_expected_triggers(context: Flask) -> None:
    with owner().connect() as connection:
        assert triggers.installed(connection) == triggers.expected(connection.dialect.name)


def test_a_server_must_refuse_truncate_too_and_is_compared_in_its_own_words() -> None:
    """What a server gives back is compared by the test above; this list needs none."""
    wanted = triggers.expected("postgresql")
    truncate = {f"{table}_no_truncate" for table in triggers.APPEND_ONLY}
    assert wanted.keys() == triggers.expected("sqlite").keys() | truncate
    refused = "\nBEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
    for table in triggers.APPEND_ONLY:
        for what, level in (("update", "row"), ("delete", "row"), ("truncate", "statement")):
            assert wanted[f"{table}_no_{what}"] == (
                f"create trigger {table}_no_{what} before {what} on {table}"
                f" for each {level} execute function refuse_change(){refused}"
            )
    does, _, body = wanted[triggers.WAITS].partition("\n")
    assert does == (
        f"create trigger {triggers.WAITS} after insert on transfers for each row execute function wait_for_seal()"
    )
    assert body.startswith("BEGIN\n  INSERT INTO unsealed")
    assert body.endswith("RETURN NULL;\nEND")


def definitions(connection: Connection) -> set[str]:
    """What the engine says that its triggers do."""
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    )
    return set(connection.execute(text(query)).scalars())


def test_each_trigger_does_what_its_name_says(context: Flask) -> None:
    with owner().connect() as connection:
        found = definitions(connection)
        assert len(found) == len(triggers.expected(connection.dialect.name))
        [waiting] = [sql for sql in found if triggers.WAITS in sql]
        assert "after insert" in waiting.lower()
        for name in triggers.expected(connection.dialect.name).keys() - {triggers.WAITS}:
            table, event = name.split("_no_")
            [definition] = [sql for sql in found if name in sql]
            assert f"BEFORE {event}".lower() in definition.lower()
            assert f" ON {table}".lower() in definition.lower().replace("public.", "")


def drop_a_trigger(connection: Connection) -> None:
    on = "" if connection.dialect.name == "sqlite" else " ON transfers"
    connection.execute(text(f"DROP TRIGGER transfers_no_delete{on}"))


def test_a_lost_trigger_is_installed_again(context: Flask) -> None:
    with owner().connect() as connection, connection.execution_options(writes=True).begin():
        before = definitions(connection)
        drop_a_trigger(connection)
        assert triggers.installed(connection) != triggers.expected(connection.dialect.name)
        triggers.install(connection)
        assert definitions(connection) == before


def test_installing_twice_changes_nothing(context: Flask) -> None:
    with owner().connect() as connection, connection.execution_options(writes=True).begin():
        before = definitions(connection)
        triggers.install(connection)
        assert definitions(connection) == before


EMPTY_FUNCTION = "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN {}; END $$"


def _nothing_refused(connection: Connection) -> None:
    """The trigger is there, and its function or body lets everything pass."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(EMPTY_FUNCTION.format("refuse_change", "NEW")))
        return
    connection.execute(text("DROP TRIGGER transfers_no_update"))
    connection.execute(text("CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT 1; END"))


def _nothing_waits(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(EMPTY_FUNCTION.format("wait_for_seal", "NULL")))
        return
    connection.execute(text(f"DROP TRIGGER {triggers.WAITS}"))
    connection.execute(text(f"CREATE TRIGGER {triggers.WAITS} AFTER INSERT ON transfers BEGIN SELECT 1; END"))


def _on_another_table(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER transfers_no_update ON transfers"))
        how = "ON balances FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    else:
        connection.execute(text("DROP TRIGGER transfers_no_update"))
        how = "ON balances BEGIN SELECT RAISE(ABORT, 'transfers is append-only'); END"
    connection.execute(text(f"CREATE TRIGGER transfers_no_update BEFORE UPDATE {how}"))


def _only_sometimes(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER transfers_no_update ON transfers"))
        how = "FOR EACH ROW WHEN (OLD.amount > 1000000) EXECUTE FUNCTION refuse_change()"
    else:
        connection.execute(text("DROP TRIGGER transfers_no_update"))
        how = "WHEN OLD.amount > 1000000 BEGIN SELECT RAISE(ABORT, 'transfers is append-only'); END"
    connection.execute(text(f"CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers {how}"))


@pytest.mark.parametrize(
    "plant", [_nothing_refused, _nothing_waits, _on_another_table, _only_sometimes], ids=lambda plant: plant.__name__
)
def test_a_trigger_of_the_right_name_that_does_something_else_is_found(
    context: Flask, plant: Callable[[Connection], None]
) -> None:
    with owner().connect() as connection, connection.execution_options(writes=True).begin() as transaction:
        assert triggers.faults(connection) == []
        plant(connection)
        found = triggers.faults(connection)
        assert any("does something else" in fault for fault in found), found
        if plant is not _on_another_table:  # There it is not ours to replace.
            triggers.install(connection)
            assert triggers.faults(connection) == []
        transaction.rollback()


def test_a_lost_trigger_is_named(context: Flask) -> None:
    with owner().connect() as connection, connection.execution_options(writes=True).begin() as transaction:
        drop_a_trigger(connection)
        assert triggers.faults(connection) == ["trigger transfers_no_delete is missing"]
        transaction.rollback()
