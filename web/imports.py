"""Imports: a file of members, opening balances or shops, what is wrong with it, and the second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext

from api.auth import current_actor
from api.schemas.imports import ImportDeclineSchema, ImportFormSchema, ImportQuery
from ledger.core.permissions import may, require
from ledger.core.second_person import stands_in, street_may_since
from ledger.core.spreadsheets import BOM
from ledger.core.tenancy import Actor
from ledger.people import imports
from ledger.people.import_models import Import, ImportState
from ledger.people.members import names_of
from web.forms import ask, send
from web.languages import language
from web.last_time import as_last_time
from web.words import IMPORT_COLUMNS, IMPORTS

page = Blueprint("imports", __name__)


@page.get("/c/<id:community_id>/imports")
@as_last_time(ImportQuery)
def list_all() -> Any:
    """What was imported and what waits, and the way to upload a file."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    asked = ask(ImportQuery())
    rows = imports.list_imports(actor, order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    names = names_of(actor.tenant, [row.asked_by for row in shown])
    return render_template(
        "imports/list.html",
        imports=[_shown(row) | {"asked_by": names.get(row.asked_by, "")} for row in shown],
        kinds=[(name, IMPORTS[name]) for name in imports.kinds],
        may_upload=may(actor, "import"),
        next_cursor=shown[-1].id.hex if len(rows) > len(shown) else None,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _shown(row: Import) -> dict[str, Any]:
    return {
        "id": row.id.hex,
        "kind": IMPORTS[row.kind],
        "state": row.state,
        "file_name": row.file_name,
        "row_count": row.row_count,
        "asked_at": row.asked_at,
        "decided_at": row.decided_at,
        "note": row.note,
    }


@page.post("/c/<id:community_id>/imports")
def upload() -> Any:
    """The file is read; then one sees what is in it and what is wrong."""
    actor = current_actor()
    require(actor, "import")
    file = request.files.get("file")
    if file is None or not file.filename:
        return _list(actor, errors={"file": [gettext("请先选一个文件。")]}, values=request.form), 422
    content, name = file.read(), file.filename
    return send(
        ImportFormSchema(),
        lambda values: imports.check_file(actor, values["kind"], content, file_name=name).id,
        to=lambda import_id: url_for(".show", import_id=import_id),
        again=lambda **again: _list(actor, **again),
    )


@page.get("/c/<id:community_id>/imports/template/<kind>.csv")
def download_template(kind: str) -> Any:
    """An empty file with the right headings."""
    require(current_actor(), "import")
    columns = imports.kinds[kind].columns if kind in imports.kinds else ()
    headings = ",".join(column.headings[0] if language() == "zh" else column.name for column in columns)
    headers = {"Content-Disposition": f"attachment; filename={kind if columns else 'empty'}.csv"}
    return Response(BOM + (headings + "\r\n").encode(), content_type="text/csv; charset=utf-8", headers=headers)


@page.get("/c/<id:community_id>/imports/<id:import_id>")
def show(import_id: UUID) -> Any:
    """What is in the file, what is wrong with it, and the next step."""
    return _one(current_actor(), import_id)


def _one(actor: Actor, import_id: UUID, **again: Any) -> str:
    row = imports.see_import(actor, import_id)
    kind, mine = imports.kinds[row.kind], actor.is_person(row.asked_by)
    waits = row.state == ImportState.AWAITING_SECOND
    names = names_of(actor.tenant, [row.asked_by, row.decided_by])
    return render_template(
        "imports/show.html",
        file=_shown(row) | {"asked_by": names.get(row.asked_by, ""), "decided_by": _name(names, row.decided_by)},
        columns=[(column.name, IMPORT_COLUMNS[column.name]) for column in kind.columns],
        headings=[{"key": column.name, "text": IMPORT_COLUMNS[column.name]} for column in kind.columns],
        rows=imports.preview_of(actor, row),
        faults=[_told(*fault) for fault in row.faults],
        may_ask=mine and row.state == ImportState.CHECKED,
        may_withdraw=mine and row.state in imports.OPEN,
        may_decide=waits and not mine and may(actor, imports.SECOND),
        street_since=street_may_since(row.asked_at) if waits and stands_in(actor, imports.SECOND) else None,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _name(names: dict[UUID, str], person_id: UUID | None) -> str:
    return names.get(person_id, "") if person_id else ""


def _told(number: int, column: str, code: str) -> dict[str, Any]:
    return {"row": number, "column": IMPORT_COLUMNS.get(column, ""), "sentence": imports.said(code, language())}


@page.post("/c/<id:community_id>/imports/<id:import_id>/ask")
def ask_second(import_id: UUID) -> Any:
    """It waits for a second person."""
    return _step(import_id, imports.ask_import)


@page.post("/c/<id:community_id>/imports/<id:import_id>/approve")
def approve(import_id: UUID) -> Any:
    """Every row is taken."""
    return _step(import_id, imports.approve_import)


@page.post("/c/<id:community_id>/imports/<id:import_id>/withdraw")
def withdraw(import_id: UUID) -> Any:
    """Nothing of it is taken; its rows are forgotten."""
    return _step(import_id, imports.withdraw_import)


def _step(import_id: UUID, step: Callable[[Actor, UUID], Import]) -> Any:
    actor = current_actor()
    return send(
        None,
        lambda _values: step(actor, import_id).id,
        to=lambda done: url_for(".show", import_id=done),
        again=lambda **again: _one(actor, import_id, **again),
    )


@page.post("/c/<id:community_id>/imports/<id:import_id>/decline")
def decline(import_id: UUID) -> Any:
    """The second person says no, and why."""
    actor = current_actor()
    return send(
        ImportDeclineSchema(),
        lambda values: imports.decline_import(actor, import_id, **values).id,
        to=lambda done: url_for(".show", import_id=done),
        again=lambda **again: _one(actor, import_id, **again),
    )
