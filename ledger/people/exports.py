"""A person's own data as one file: everything that every room knows, encrypted, theirs alone, for seven days."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, registry, secrets, spreadsheets, walls
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor
from ledger.people.data_models import DataExport
from ledger.people.errors import ExportGone, ExportLimit

KEPT_DAYS = 7
MOST_A_DAY = 5
"""Each file reads everything of the person once."""

PURPOSE = "exports"
MEDIA_TYPE = "application/zip"


@atomic
def make_export(actor: Actor) -> DataExport:
    """The file is there, for seven days. Raises ExportLimit (five in 24 hours)."""
    now = clock.now()
    lately = select(func.count()).select_from(DataExport)
    lately = lately.where(_mine(actor), DataExport.made_at > now - timedelta(days=1))
    if (db.session.scalar(lately) or 0) >= MOST_A_DAY:
        raise ExportLimit(most=MOST_A_DAY)
    content = as_zip(gather(sorted({actor.person_id, *actor.formerly})))
    export = DataExport(
        id=new_id(),
        person_id=actor.person_id,
        content=secrets.seal(content, PURPOSE),
        sha256=hashlib.sha256(content).digest(),
        size=len(content),
        made_at=now,
        expires_at=now + timedelta(days=KEPT_DAYS),
    )
    db.session.add(export)
    db.session.flush()
    audit.record(actor, "people.make_export", export.id, size=export.size)
    return export


@walls.above()
def gather(person_ids: list[UUID]) -> dict[str, list[dict[str, Any]]]:
    """What every room knows of these accounts of one person, by the name of the list."""
    found: dict[str, list[dict[str, Any]]] = {}
    for person_id in person_ids:
        for export in registry.exporters.values():
            for name, rows in export(person_id).items():
                found.setdefault(name, []).extend(rows)
    return found


def as_zip(lists: dict[str, list[dict[str, Any]]]) -> bytes:
    """`my-data.json` with everything, and each list as a file for a spreadsheet."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("my-data.json", json.dumps(lists, ensure_ascii=False, indent=1))
        for name, rows in lists.items():
            file.writestr(f"{name}.csv", _as_csv(rows))
    return buffer.getvalue()


def _as_csv(rows: list[dict[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return spreadsheets.as_csv(names, ([_cell(row.get(name)) for name in names] for row in rows))


def _cell(value: Any) -> spreadsheets.Cell:
    return value if value is None or isinstance(value, bool | int | str) else json.dumps(value, ensure_ascii=False)


def list_exports(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[DataExport]:
    """The person's files, newest first; those that are gone say since when."""
    query = select(DataExport).where(_mine(actor)).order_by(DataExport.id.desc()).limit(limit)
    if after:
        query = query.where(DataExport.id < after)
    return list(db.session.scalars(query))


@atomic
def read_export(actor: Actor, export_id: UUID) -> bytes:
    """The file's bytes; the reading is written down. Raises NotFound (anybody else's), ExportGone."""
    export = db.session.scalar(select(DataExport).where(_mine(actor), DataExport.id == export_id))
    if export is None:
        raise NotFound
    if export.content is None or export.expires_at <= clock.now():
        raise ExportGone(days=KEPT_DAYS)
    export.downloaded_at = export.downloaded_at or clock.now()
    db.session.flush()
    audit.record(actor, "people.read_export", export.id)
    return secrets.unseal(export.content, PURPOSE)


def _mine(actor: Actor) -> ColumnElement[bool]:
    return DataExport.person_id.in_({actor.person_id, *actor.formerly})


def erase_overdue() -> None:
    """Files whose seven days are over are gone, whoever's they were."""
    _erase(DataExport.expires_at <= clock.now())


def erase_exports_of(person_id: UUID) -> None:
    """No file of the person is left."""
    _erase(DataExport.person_id == person_id)


def _erase(condition: ColumnElement[bool]) -> None:
    over = update(DataExport).where(condition, DataExport.content.is_not(None))
    db.session.execute(over.values(content=None, erased_at=clock.now()))


registry.erasers["exports"] = erase_exports_of
