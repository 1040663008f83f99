"""What members complain of about goods: the shop or the community answers, the community closes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.complaints import (
    ComplaintAnswerSchema,
    ComplaintClosingSchema,
    ComplaintPageSchema,
    ComplaintQuery,
    ComplaintRequestSchema,
    ComplaintSchema,
    ComplaintStepSchema,
)
from api.writing import writes
from ledger.core.photos import MEDIA_TYPE
from ledger.rewards import complaint_reading, complaints
from ledger.rewards.complaint_models import Complaint
from ledger.rewards.complaint_reading import ComplaintView

blp = resource("complaints", "A member complains of what they received; it is answered in seven working days.")


@blp.get("/complaints")
@blp.arguments(ComplaintQuery, location="query")
@blp.response(200, ComplaintPageSchema)
def list_complaints(asked: dict[str, Any]) -> dict[str, Any]:
    """Those I may see, newest first; those that wait (`status` open, or `overdue`) oldest first, unless asked."""
    rows = complaint_reading.list_complaints(
        current_actor(),
        is_mine=asked["mine"],
        is_overdue=asked["overdue"],
        status=asked["status"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"], key="complaint.id")


@blp.get("/complaints/<id:complaint_id>")
@blp.response(200, ComplaintSchema)
def get_complaint(complaint_id: UUID) -> ComplaintView:
    """One, for its member, its shop's owner and the community."""
    return complaint_reading.see_complaint(current_actor(), complaint_id)


@blp.get("/complaints/<id:complaint_id>/photos/<id:photo_id>.jpg")
@blp.response(200, content_type=MEDIA_TYPE)
def get_photo(complaint_id: UUID, photo_id: UUID) -> Response:
    """A photo, for whoever reads the complaint's words."""
    content = complaint_reading.read_photo(current_actor(), complaint_id, photo_id)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@blp.post("/complaints")
@blp.arguments(ComplaintRequestSchema)
@blp.response(201, ComplaintStepSchema)
@writes(ComplaintStepSchema, status=201)
def post_complaint(asked: dict[str, Any]) -> Complaint:
    """Say what is wrong with what I, or whom I help, received."""
    return complaints.complain(current_actor(), asked.pop("redemption_id"), **asked)


@blp.post("/complaints/<id:complaint_id>/answer")
@blp.arguments(ComplaintAnswerSchema)
@blp.response(200, ComplaintStepSchema)
@writes(ComplaintStepSchema)
def post_answer(asked: dict[str, Any], complaint_id: UUID) -> Complaint:
    """Answer it, for the shop or the community; its member is told."""
    return complaints.answer_complaint(current_actor(), complaint_id, **asked)


@blp.post("/complaints/<id:complaint_id>/close")
@blp.arguments(ComplaintClosingSchema)
@blp.response(200, ComplaintStepSchema)
@writes(ComplaintStepSchema)
def post_closing(asked: dict[str, Any], complaint_id: UUID) -> Complaint:
    """Say for the community what it came to. Points go back only by a refund, which comes before."""
    return complaints.close_complaint(current_actor(), complaint_id, **asked)
