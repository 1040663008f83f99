"""Disputes by line: the shop contests, the community answers, the treasurer decides, once more on appeal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.disputes import (
    AppealSchema,
    ClawbackSchema,
    ClawbackStepSchema,
    DisputeAnswerSchema,
    DisputeDecisionSchema,
    DisputePageSchema,
    DisputeQuery,
    DisputeRequestSchema,
    DisputeSchema,
    DisputesRaisedSchema,
    DisputeStepSchema,
)
from api.writing import writes
from ledger.core.photos import MEDIA_TYPE
from ledger.settlement import dispute_reading, disputes
from ledger.settlement.dispute_models import Dispute, Ruling
from ledger.settlement.dispute_reading import DisputeView
from ledger.settlement.disputes import Claim

blp = resource("disputes", "Lines of statements that a shop disputes; the rest is paid on time.")


@blp.get("/disputes")
@blp.arguments(DisputeQuery, location="query")
@blp.response(200, DisputePageSchema)
def list_disputes(asked: dict[str, Any]) -> dict[str, Any]:
    """Those I may see, newest first; those that wait (`open`) oldest first, unless asked."""
    rows = dispute_reading.list_disputes(
        current_actor(),
        status=asked["status"],
        is_open=asked["open"],
        settlement_id=asked["settlement_id"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"], key="dispute.id")


@blp.get("/disputes/<id:dispute_id>")
@blp.response(200, DisputeSchema)
def get_dispute(dispute_id: UUID) -> DisputeView:
    """One, for the shop and the community."""
    return dispute_reading.see_dispute(current_actor(), dispute_id)


@blp.get("/disputes/<id:dispute_id>/photos/<id:photo_id>.jpg")
@blp.response(200, content_type=MEDIA_TYPE)
def get_photo(dispute_id: UUID, photo_id: UUID) -> Response:
    """A photo that proves it."""
    content = dispute_reading.read_photo(current_actor(), dispute_id, photo_id)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@blp.post("/settlements/<id:settlement_id>/dispute")
@blp.arguments(DisputeRequestSchema)
@blp.response(200, DisputesRaisedSchema)
@writes(DisputesRaisedSchema, keyed=True)
def post_dispute(asked: dict[str, Any], settlement_id: UUID) -> dict[str, Any]:
    """Dispute lines of an issued statement: only they are held."""
    claims = [Claim(**line) for line in asked["lines"]]
    return {"disputes": disputes.raise_disputes(current_actor(), settlement_id, claims)}


@blp.post("/disputes/<id:dispute_id>/answer")
@blp.arguments(DisputeAnswerSchema)
@blp.response(200, DisputeStepSchema)
@writes(DisputeStepSchema, keyed=True)
def post_answer(asked: dict[str, Any], dispute_id: UUID) -> Dispute:
    """Say what the community knows of it."""
    return disputes.answer_dispute(current_actor(), dispute_id, **asked)


@blp.post("/disputes/<id:dispute_id>/decide")
@blp.arguments(DisputeDecisionSchema)
@blp.response(200, DisputeStepSchema)
@writes(DisputeStepSchema, keyed=True)
def post_decision(asked: dict[str, Any], dispute_id: UUID) -> Dispute:
    """Decide it; what follows stands in the open week. An appeal is decided by a second person."""
    return disputes.decide_dispute(current_actor(), dispute_id, **asked)


@blp.post("/disputes/<id:dispute_id>/appeal")
@blp.arguments(AppealSchema)
@blp.response(200, DisputeStepSchema)
@writes(DisputeStepSchema, keyed=True)
def post_appeal(asked: dict[str, Any], dispute_id: UUID) -> Dispute:
    """Ask for a second decision, once, within five working days."""
    return disputes.appeal(current_actor(), dispute_id, **asked)


@blp.post("/settlement-lines/<id:line_id>/claw-back")
@blp.arguments(ClawbackSchema)
@blp.response(200, ClawbackStepSchema)
@writes(ClawbackStepSchema, keyed=True)
def post_clawback(asked: dict[str, Any], line_id: UUID) -> Ruling:
    """Take back in the open week what was paid for a redemption."""
    return disputes.claw_back(current_actor(), line_id, **asked)
