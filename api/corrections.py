"""What members ask to have corrected in the community's record of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.corrections import (
    CorrectionMadeSchema,
    CorrectionPageSchema,
    CorrectionQuery,
    CorrectionRefusalSchema,
    CorrectionRequestSchema,
    CorrectionSchema,
    CorrectionStepSchema,
)
from api.writing import writes
from ledger.people import corrections
from ledger.people.correction_models import Correction
from ledger.people.corrections import CorrectionView

blp = resource("corrections", "A member asks to have the record corrected; staff do it or say why not.")


@blp.get("/corrections")
@blp.arguments(CorrectionQuery, location="query")
@blp.response(200, CorrectionPageSchema)
def list_corrections(asked: dict[str, Any]) -> dict[str, Any]:
    """What I asked (`mine`), or what members ask, newest first unless asked."""
    rows = corrections.list_corrections(
        current_actor(),
        is_mine=asked["mine"],
        status=asked["status"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"], key="correction.id")


@blp.get("/corrections/<id:correction_id>")
@blp.response(200, CorrectionSchema)
def get_correction(correction_id: UUID) -> CorrectionView:
    """One, for whoever asked and for whom it is asked of."""
    return corrections.see_correction(current_actor(), correction_id)


@blp.post("/corrections")
@blp.arguments(CorrectionRequestSchema)
@blp.response(201, CorrectionStepSchema)
@writes(CorrectionStepSchema, status=201)
def post_correction(asked: dict[str, Any]) -> Correction:
    """Ask to have my record corrected; the answer comes within fifteen days."""
    return corrections.ask_correction(current_actor(), **asked)


@blp.post("/corrections/<id:correction_id>/withdraw")
@blp.response(200, CorrectionStepSchema)
@writes(CorrectionStepSchema)
def post_withdrawal(correction_id: UUID) -> Correction:
    """It may stay as it is."""
    return corrections.withdraw_correction(current_actor(), correction_id)


@blp.post("/corrections/<id:correction_id>/make")
@blp.arguments(CorrectionMadeSchema)
@blp.response(200, CorrectionStepSchema)
@writes(CorrectionStepSchema)
def post_making(asked: dict[str, Any], correction_id: UUID) -> Correction:
    """Correct it: a name at once, a place by its unit; anything else is put right already."""
    return corrections.make_correction(current_actor(), correction_id, **asked)


@blp.post("/corrections/<id:correction_id>/refuse")
@blp.arguments(CorrectionRefusalSchema)
@blp.response(200, CorrectionStepSchema)
@writes(CorrectionStepSchema)
def post_refusal(asked: dict[str, Any], correction_id: UUID) -> Correction:
    """It stays as it is, and the member is told why."""
    return corrections.refuse_correction(current_actor(), correction_id, **asked)
