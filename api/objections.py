"""What members object to in the record of their visits, and what staff answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.objections import (
    ObjectionAnswerSchema,
    ObjectionPageSchema,
    ObjectionQuery,
    ObjectionRequestSchema,
    ObjectionSchema,
    ObjectionStepSchema,
)
from api.writing import writes
from ledger.service import objections
from ledger.service.objection_models import Objection
from ledger.service.objections import ObjectionView

blp = resource("objections", "A member objects to the record of a visit; staff answer in five working days.")


@blp.get("/objections")
@blp.arguments(ObjectionQuery, location="query")
@blp.response(200, ObjectionPageSchema)
def list_objections(asked: dict[str, Any]) -> dict[str, Any]:
    """Those I may see, newest first; those that wait (`status` asked, or `overdue`) oldest first, unless asked."""
    rows = objections.list_objections(
        current_actor(),
        is_mine=asked["mine"],
        is_overdue=asked["overdue"],
        status=asked["status"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"], key="objection.id")


@blp.get("/objections/<id:objection_id>")
@blp.response(200, ObjectionSchema)
def get_objection(objection_id: UUID) -> ObjectionView:
    """One, for whoever may see it."""
    return objections.see_objection(current_actor(), objection_id)


@blp.post("/objections")
@blp.arguments(ObjectionRequestSchema)
@blp.response(201, ObjectionStepSchema)
@writes(ObjectionStepSchema, status=201)
def post_objection(asked: dict[str, Any]) -> Objection:
    """Object to the record of my visit, within sixty days of it."""
    return objections.raise_objection(current_actor(), **asked)


@blp.post("/objections/<id:objection_id>/withdraw")
@blp.response(200, ObjectionStepSchema)
@writes(ObjectionStepSchema)
def post_withdrawal(objection_id: UUID) -> Objection:
    """It may stay as it is."""
    return objections.withdraw_objection(current_actor(), objection_id)


@blp.post("/objections/<id:objection_id>/answer")
@blp.arguments(ObjectionAnswerSchema)
@blp.response(200, ObjectionStepSchema)
@writes(ObjectionStepSchema)
def post_answer(asked: dict[str, Any], objection_id: UUID) -> Objection:
    """Say what became of it. Points move only by stamping, undoing and returning."""
    return objections.answer_objection(current_actor(), objection_id, **asked)
