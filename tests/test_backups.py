"""The restore drill: everything of one moment in a file, and back into an empty house, also of the other engine."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask import Flask
from sqlalchemy import JSON, Text, cast, select, type_coerce

from ledger.core import clock
from ledger.core.backups import MANIFEST, BackupRefused, restore_backup, write_backup
from ledger.core.db import db, is_postgresql
from tests.conftest import database_of, house_on
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import Street, open_street
from tests.schema import every_table


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    """A street where something was spent, something is held, and a part is sealed."""
    try:
        street = open_street()
        lin = street.volunteer(100)
        street.buy(lin)
        seal_all(street.id)
        street.award(lin, 7)
        street.reserve(lin)
        yield street
    finally:
        clock.move_to(None)


@pytest.fixture
def elsewhere(engine_name: str) -> Iterator[Flask]:
    """An empty house on the other engine."""
    database = database_of({"sqlite": "postgresql", "postgresql": "sqlite"}[engine_name])
    house = house_on(database)
    yield house
    with house.app_context():
        db.engine.dispose()
    database.drop()


def everything() -> dict[str, list[Any]]:
    """Every row of every table as it is stored, but for the number of PostgreSQL's transaction."""
    found = {}
    for table in every_table().sorted_tables:
        columns = [_as_text(one) if isinstance(one.type, JSON) else one for one in table.columns if one.name != "xid"]
        found[table.name] = sorted(map(repr, db.session.execute(select(*columns))))
    return found


def _as_text(column: Any) -> Any:
    return cast(column, Text) if is_postgresql() else type_coerce(column, Text)


def backup_of(house: Flask) -> io.BytesIO:
    file = io.BytesIO()
    write_backup(file)
    db.session.rollback()
    return file


def test_an_emptied_house_is_filled_with_the_same_rows(street: Street, context: Flask, reset_database: Any) -> None:
    before, file = everything(), backup_of(context)
    reset_database()
    assert not any(everything().values())
    restore_backup(file)
    assert everything() == before
    assert before["unsealed"], "what waits for its seal waits again"
    lin = street.volunteer(5)
    assert street.available(lin) == 5, "the house goes on"
    assert seal_all(street.id) == 2, "and seals what waited, with what came since"


def test_the_other_engine_is_filled_with_the_same_rows(street: Street, context: Flask, elsewhere: Flask) -> None:
    before, file = everything(), backup_of(context)
    with elsewhere.app_context():
        restore_backup(file)
        assert {name: len(rows) for name, rows in everything().items()} == {
            name: len(rows) for name, rows in before.items()
        }
        again = io.BytesIO()
        write_backup(again)
        db.session.rollback()
    assert digests_in(again) == digests_in(file)


def digests_in(file: io.BytesIO) -> dict[str, str]:
    manifest = json.loads(zipfile.ZipFile(file).read(MANIFEST))
    return {name: table["sha256"] for name, table in manifest["tables"].items()}


def changed(file: io.BytesIO, member: str, change: Callable[[bytes], bytes]) -> io.BytesIO:
    """The backup with one of its members changed."""
    other = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(source.read(name)) if name == member else source.read(name))
    return other


def test_what_is_no_whole_backup_of_this_schema_is_refused_and_changes_nothing(
    street: Street, context: Flask, reset_database: Any
) -> None:
    file = backup_of(context)
    with pytest.raises(BackupRefused, match="not empty"):
        restore_backup(file)
    reset_database()
    poorer = changed(file, "tables/transfers.jsonl", lambda rows: b"\n".join(rows.split(b"\n")[1:]))
    forged = changed(file, "tables/members.jsonl", lambda rows: rows.replace("林".encode(), "木".encode()))
    older = changed(file, MANIFEST, lambda said: said.replace(b'"revision": "', b'"revision": "older'))
    for damaged, words in ((poorer, "damaged"), (forged, "damaged"), (older, "older"), (io.BytesIO(b"PK"), "damaged")):
        with pytest.raises(BackupRefused, match=words):
            restore_backup(damaged)
        assert not any(everything().values())


def test_the_commands_write_read_and_check(street: Street, context: Flask, reset_database: Any, tmp_path: Path) -> None:
    run, file = context.test_cli_runner().invoke, tmp_path / "today.backup"
    written = run(args=["backup", str(file)])
    assert (written.exit_code, file.stat().st_mode & 0o777) == (0, 0o600), written.output
    assert "there already" in run(args=["backup", str(file)]).output
    assert run(args=["restore", str(file)]).exit_code == 1, "somebody is there"
    reset_database()
    restored = run(args=["restore", str(file)])
    assert (restored.exit_code, "The books are clean." in restored.output) == (0, True), restored.output
    assert [one.name for one in tmp_path.iterdir()] == [file.name], "no draft is left"


def test_an_encrypted_backup_opens_with_its_identity_alone(
    street: Street, context: Flask, reset_database: Any, tmp_path: Path
) -> None:
    run, file = context.test_cli_runner().invoke, tmp_path / "today.age"
    own, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    for name, identity in (("own", own), ("other", other)):
        (tmp_path / name).write_text(f"# created today\n{identity}\n")
    assert run(args=["backup", str(file), "--recipient", str(own.to_public())]).exit_code == 0
    assert file.read_bytes().startswith(b"age-encryption.org/")
    assert "no age key" in run(args=["backup", str(tmp_path / "x"), "--recipient", "age1nonsense"]).output
    reset_database()
    assert "does not open" in run(args=["restore", str(file), "--identity", str(tmp_path / "other")]).output
    assert run(args=["restore", str(file)]).exit_code == 1
    assert run(args=["restore", str(file), "--identity", str(tmp_path / "own")]).exit_code == 0
