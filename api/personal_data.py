"""My data as a file; my request to be erased; and what staff decide about such requests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import global_resource, resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.personal_data import (
    ErasureRefusalSchema,
    ErasureSchema,
    ErasuresSchema,
    ExportPageSchema,
    ExportSchema,
    MemberErasurePageSchema,
)
from api.writing import writes
from ledger.people import erasures, exports
from ledger.people.data_models import DataExport, Erasure

blp = global_resource("my-data", "Everything the house knows of me, and my right to have it erased.")
requests = resource("erasures", "Requests of members to be erased.")

ZIP = {"description": "my-data.json, and a CSV for each list.", "content_type": exports.MEDIA_TYPE}


@blp.get("/me/exports")
@blp.arguments(PageQuery, location="query")
@blp.response(200, ExportPageSchema)
def list_exports(asked: dict[str, Any]) -> dict[str, Any]:
    """The files of my data, newest first."""
    rows = exports.list_exports(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.post("/me/exports")
@blp.response(201, ExportSchema)
@writes(ExportSchema, status=201)
def post_export() -> DataExport:
    """Make a file of all my data, over all communities; it can be fetched for seven days."""
    return exports.make_export(current_actor())


@blp.get("/me/exports/<id:export_id>/file")
@blp.response(200, **ZIP)
def get_file(export_id: UUID) -> Response:
    """The file."""
    content = exports.read_export(current_actor(), export_id)
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "no-store"}
    return Response(content, content_type=exports.MEDIA_TYPE, headers=headers)


@blp.get("/me/erasures")
@blp.response(200, ErasuresSchema)
def list_erasures() -> dict[str, Any]:
    """My requests to be erased, newest first."""
    actor = current_actor()
    return {"items": erasures.my_erasures(actor), "points_left": erasures.points_left(actor.person_id)}


@blp.post("/me/erasures")
@blp.response(201, ErasureSchema)
@writes(ErasureSchema, status=201)
def post_erasure() -> Erasure:
    """Ask to be erased within fifteen days. Points that are left go to the community's pot."""
    return erasures.ask_erasure(current_actor())


@blp.post("/me/erasures/<id:erasure_id>/withdraw")
@blp.response(200, ErasureSchema)
@writes(ErasureSchema)
def post_withdrawal(erasure_id: UUID) -> Erasure:
    """I stay."""
    return erasures.withdraw_erasure(current_actor(), erasure_id)


@requests.get("/erasures")
@requests.arguments(PageQuery, location="query")
@requests.response(200, MemberErasurePageSchema)
def list_requests(asked: dict[str, Any]) -> dict[str, Any]:
    """Who asked to be erased, newest first."""
    rows = erasures.list_erasures(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="erasure.id")


@requests.post("/erasures/<id:erasure_id>/refuse")
@requests.arguments(ErasureRefusalSchema)
@requests.response(200, ErasureSchema)
@writes(ErasureSchema)
def post_refusal(asked: dict[str, Any], erasure_id: UUID) -> Erasure:
    """Refuse, with the legal ground and, for a statutory retention, its last day."""
    return erasures.refuse_erasure(current_actor(), erasure_id, **asked)


@requests.post("/erasures/<id:erasure_id>/carry-out")
@requests.response(200, ErasureSchema)
@writes(ErasureSchema)
def post_carry_out(erasure_id: UUID) -> Erasure:
    """Erase the person now, after the seven days in which they may withdraw."""
    return erasures.carry_out(current_actor(), erasure_id)
