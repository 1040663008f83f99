"""A backup: everything the house knows at one moment as one file that either engine can be filled from.

The file is a ZIP: a member of JSON lines for each table, and a manifest with the schema's revision and, of each table,
how many rows it has and the SHA-256 of its member. What is encrypted in the database stays so: the key is no part of
it, and is kept elsewhere. See docs/adr/0029.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from itertools import islice
from typing import IO, Any, NamedTuple
from uuid import UUID

from sqlalchemy import JSON, Insert, Table, Text, bindparam, cast, insert, null, select, type_coerce
from sqlalchemy import text as sql

from ledger.core import clock
from ledger.core.db import Base, atomic, db, is_postgresql, snapshot

FORMAT = "redflower-backup-1"
MANIFEST = "manifest.json"
AT_ONCE = 1_000
"""Rows in memory at a time."""

WAITING = "unsealed"
"""Written by a trigger beside each new transfer: what the trigger notes while restoring is replaced by what was."""

Tell = Callable[[str, int], None]
"""Called with each table and its number of rows when it is done."""


class BackupRefused(Exception):
    """The file is no backup that can be restored here; the sentence says why and what to do."""


class Manifest(NamedTuple):
    """What a backup says of itself."""

    revision: str
    made_at: str
    tables: dict[str, dict[str, Any]]


def write_backup(file: IO[bytes], *, tell: Tell | None = None) -> Manifest:
    """The file holds every row of one moment; whoever writes meanwhile is not held up."""
    with snapshot(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        manifest = Manifest(_revision(), clock.now().isoformat(), {})
        for table in _tables():
            manifest.tables[table.name] = _write_table(archive, table)
            if tell:
                tell(table.name, manifest.tables[table.name]["rows"])
        archive.writestr(MANIFEST, json.dumps({"format": FORMAT} | manifest._asdict(), indent=1))
    return manifest


def _write_table(archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    with archive.open(_member(table), "w", force_zip64=True) as member:
        for row in db.session.execute(_reading(table).execution_options(yield_per=AT_ONCE)):
            line = json.dumps([_outside(value) for value in row], ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            member.write(line)
            rows += 1
    return {"rows": rows, "sha256": digest.hexdigest(), "columns": [column.name for column in table.columns]}


def _tables() -> list[Table]:
    """Every table after those that its rows point to; what waits for its seal after all."""
    return sorted(Base.metadata.sorted_tables, key=lambda table: table.name == WAITING)


def _member(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def _reading(table: Table) -> Any:
    """Rows in the order of their keys; JSON as the text that is stored, so that nothing about it changes."""
    return select(*(_as_stored(column) for column in table.columns)).order_by(*table.primary_key.columns)


def _as_stored(column: Any) -> Any:
    if column.name == "xid":
        return null()  # The number of a transaction says nothing to another server.
    if not isinstance(column.type, JSON):
        return column
    return cast(column, Text) if is_postgresql() else type_coerce(column, Text)


def _outside(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, (date, time)) else value


def read_manifest(file: IO[bytes]) -> Manifest:
    """What the backup says of itself. Raises BackupRefused when it is none."""
    try:
        with zipfile.ZipFile(file) as archive:
            said = json.loads(archive.read(MANIFEST))
        if said.pop("format") != FORMAT:
            raise BackupRefused("This backup is of another format: restore it with the release that made it.")
        return Manifest(**said)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise BackupRefused("This file is not a backup of Red Flower, or it is damaged: take another one.") from error


@atomic
def restore_backup(file: IO[bytes], *, tell: Tell | None = None) -> Manifest:
    """The database holds exactly what the backup holds, or, after any refusal, what it held before.

    The database has the backup's schema and is empty. Raises BackupRefused: no backup, damaged, of another schema,
    somebody is there already.
    """
    manifest = read_manifest(file)
    if manifest.revision != _revision():
        raise BackupRefused(
            f"The backup has schema {manifest.revision}, this release {_revision()}: restore it with the release "
            "that made it, then upgrade."
        )
    if any(db.session.execute(select(table).limit(1)).first() for table in _tables()):
        raise BackupRefused("The database is not empty: restore into a new one (`flask db upgrade` makes it).")
    if not is_postgresql():
        db.session.execute(sql("PRAGMA defer_foreign_keys = ON"))
    with zipfile.ZipFile(file) as archive:
        for table in _tables():
            _read_table(archive, table, manifest.tables[table.name])
            if tell:
                tell(table.name, manifest.tables[table.name]["rows"])
    return manifest


def _read_table(archive: zipfile.ZipFile, table: Table, said: dict[str, Any]) -> None:
    if table.name == WAITING:
        db.session.execute(table.delete())
    digest, count, adding = hashlib.sha256(), 0, _adding(table)
    with archive.open(_member(table)) as member:
        rows = _parents_first(table, _rows(table, member, digest))
        while some := list(islice(rows, AT_ONCE)):
            db.session.connection().execute(adding, some)
            count += len(some)
    if (count, digest.hexdigest()) != (said["rows"], said["sha256"]):
        raise BackupRefused(f"The rows of {table.name} are not those that were written: the file is damaged.")


def _rows(table: Table, member: IO[bytes], digest: Any) -> Iterator[dict[str, Any]]:
    columns = [(f"its_{column.name}", _inside(column)) for column in table.columns]
    for line in member:
        digest.update(line)
        values = zip(columns, json.loads(line), strict=True)
        row = {name: None if value is None else inside(value) for (name, inside), value in values}
        yield row


def _inside(column: Any) -> Callable[[Any], Any]:
    """From what stands in the file to what the column takes."""
    python_type = str if isinstance(column.type, JSON) else column.type.python_type
    readers: dict[type, Callable[[Any], Any]] = {
        UUID: UUID,
        bytes: base64.b64decode,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
        time: time.fromisoformat,
    }
    return readers.get(python_type, lambda value: value)


def _adding(table: Table) -> Insert:
    # PostgreSQL casts text to JSON; in SQLite it is stored as it is, and a cast would make a number of it.
    given = {
        column.name: cast(bindparam(f"its_{column.name}", type_=Text()), JSON)
        if isinstance(column.type, JSON) and is_postgresql()
        else bindparam(f"its_{column.name}", type_=Text() if isinstance(column.type, JSON) else column.type)
        for column in table.columns
    }
    return insert(table).values(given)


def _parents_first(table: Table, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows that point to others of their own table come after them, as PostgreSQL wants it.

    A transfer points only to an earlier one, which has a smaller id: there are too many of them to be sorted here.
    """
    pointers = [name for constraint in table.foreign_key_constraints if constraint.referred_table is table
                for name in constraint.column_keys if name != "community_id"]  # fmt: skip
    if not pointers or table.name == "transfers":
        yield from rows
        return
    waiting, there = list(rows), set[Any]()
    while waiting:
        ready = [row for row in waiting if all(row[f"its_{name}"] in there | {None} for name in pointers)]
        if not ready:
            raise BackupRefused(f"Rows of {table.name} point to rows that are not there: the file is damaged.")
        yield from ready
        there |= {row["its_id"] for row in ready}
        waiting = [row for row in waiting if row["its_id"] not in there]


def _revision() -> str:
    revision: str = db.session.execute(sql("SELECT version_num FROM alembic_version")).scalar_one()
    return revision
