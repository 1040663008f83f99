"""Imports of members, opening balances and shops: a file, what is wrong with it, and two people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.imports import (
    ImportDeclineSchema,
    ImportFileSchema,
    ImportFormSchema,
    ImportPageSchema,
    ImportQuery,
    ImportSchema,
)
from api.writing import writes
from ledger.people import imports
from ledger.people.import_models import Import

blp = resource("imports", "Files of members, opening balances and shops, taken whole by two people.")


@blp.get("/imports")
@blp.arguments(ImportQuery, location="query")
@blp.response(200, ImportPageSchema)
def list_imports(asked: dict[str, Any]) -> dict[str, Any]:
    """The community's imports, newest first unless asked."""
    rows = imports.list_imports(current_actor(), order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.post("/imports")
@blp.arguments(ImportFormSchema, location="form")
@blp.arguments(ImportFileSchema, location="files")
@blp.response(201, ImportSchema)
@writes(ImportSchema, status=201)
def post_import(asked: dict[str, Any], sent: dict[str, Any]) -> Import:
    """Read and check a file; nothing of it is taken."""
    file = sent["file"]
    file.stream.seek(0)
    return imports.check_file(current_actor(), asked["kind"], file.read(), file_name=file.filename or "")


@blp.get("/imports/<id:import_id>")
@blp.response(200, ImportSchema)
def get_import(import_id: UUID) -> Import:
    """One import."""
    return imports.see_import(current_actor(), import_id)


@blp.post("/imports/<id:import_id>/ask")
@blp.response(200, ImportSchema)
@writes(ImportSchema)
def post_ask(import_id: UUID) -> Import:
    """Ask for the checked file to be taken by a second person."""
    return imports.ask_import(current_actor(), import_id)


@blp.post("/imports/<id:import_id>/approve")
@blp.response(200, ImportSchema)
@writes(ImportSchema, keyed=True)
def post_approval(import_id: UUID) -> Import:
    """Take every row, as the second person."""
    return imports.approve_import(current_actor(), import_id)


@blp.post("/imports/<id:import_id>/decline")
@blp.arguments(ImportDeclineSchema)
@blp.response(200, ImportSchema)
@writes(ImportSchema)
def post_decline(asked: dict[str, Any], import_id: UUID) -> Import:
    """Say no, and why, as the second person."""
    return imports.decline_import(current_actor(), import_id, note=asked["note"])


@blp.post("/imports/<id:import_id>/withdraw")
@blp.response(200, ImportSchema)
@writes(ImportSchema)
def post_withdrawal(import_id: UUID) -> Import:
    """Take my own file back."""
    return imports.withdraw_import(current_actor(), import_id)
