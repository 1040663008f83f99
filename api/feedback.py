"""Daily feedback of post holders, its answers, excused days and photos."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.feedback import (
    AnswerSchema,
    CalendarQuery,
    CalendarSchema,
    ExcuseSchema,
    FeedbackPageSchema,
    FeedbackQuery,
    FeedbackRequestSchema,
    FeedbackSchema,
    FeedbackStepSchema,
)
from api.writing import writes
from ledger.core import clock
from ledger.core.photos import MEDIA_TYPE
from ledger.service import feedback, feedback_reading
from ledger.service.feedback import Given
from ledger.service.feedback_models import Feedback
from ledger.service.feedback_reading import FeedbackView

blp = resource("feedback", "What post holders say of their part each day; staff answer within 24 hours.")


@blp.get("/feedback")
@blp.arguments(FeedbackQuery, location="query")
@blp.response(200, FeedbackPageSchema)
def list_feedback(asked: dict[str, Any]) -> dict[str, Any]:
    """What I gave and what was given in my parts; unless asked what waits by its deadline, all else newest first."""
    limit, place = asked.pop("limit"), {"order": asked.pop("sort"), "after": asked.pop("cursor")}
    is_mine = asked.pop("mine")
    rows = feedback_reading.list_feedback(current_actor(), is_mine=is_mine, limit=limit + 1, **place, **asked)
    return page(rows, limit, key="feedback.id")


@blp.get("/feedback/calendar")
@blp.arguments(CalendarQuery, location="query")
@blp.response(200, CalendarSchema)
def get_calendar(asked: dict[str, Any]) -> dict[str, Any]:
    """Each day of the month in each part of a holder: given, answered, excused or not yet."""
    month = asked["month"] or clock.today()
    return {"items": feedback_reading.calendar_of(current_actor(), asked["member_id"], month)}


@blp.get("/feedback/<id:feedback_id>")
@blp.response(200, FeedbackSchema)
def get_feedback(feedback_id: UUID) -> FeedbackView:
    """One, for its holder and for staff of its part."""
    return feedback_reading.see_feedback(current_actor(), feedback_id)


@blp.get("/feedback/<id:feedback_id>/photos/<id:photo_id>.jpg")
@blp.response(200, content_type=MEDIA_TYPE)
def get_photo(feedback_id: UUID, photo_id: UUID) -> Response:
    """A photo, for whoever sees its feedback."""
    content = feedback_reading.read_photo(current_actor(), feedback_id, photo_id)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})


@blp.post("/feedback")
@blp.arguments(FeedbackRequestSchema)
@blp.response(201, FeedbackStepSchema)
@writes(FeedbackStepSchema, status=201)
def post_feedback(asked: dict[str, Any]) -> Feedback:
    """Give the day's feedback of one of my parts; again, until it is answered, to replace it."""
    given = Given(asked["category"], asked["words"])
    return feedback.give_feedback(current_actor(), asked["unit_id"], asked["day"], given, file_ids=asked["file_ids"])


@blp.post("/feedback/<id:feedback_id>/answer")
@blp.arguments(AnswerSchema)
@blp.response(200, FeedbackStepSchema)
@writes(FeedbackStepSchema)
def post_answer(asked: dict[str, Any], feedback_id: UUID) -> Feedback:
    """Answer it; its holder is told."""
    return feedback.answer_feedback(current_actor(), feedback_id, **asked)


@blp.post("/feedback/excuses")
@blp.arguments(ExcuseSchema)
@blp.response(201, FeedbackStepSchema)
@writes(FeedbackStepSchema, status=201)
def post_excuse(asked: dict[str, Any]) -> Feedback:
    """Nothing is awaited of a holder for this day: leave, illness."""
    return feedback.excuse_day(current_actor(), **asked)
