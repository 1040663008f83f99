"""Daily feedback, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import Id, Moment, Month, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.service.feedback import LONGEST, LONGEST_ANSWER
from ledger.service.feedback_models import Category, FeedbackState
from ledger.service.feedback_reading import DayStatus, Wanted

STATES = [one.value for one in FeedbackState]
DAYS = [one.value for one in DayStatus]


class FeedbackQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "What I gave, and not that of my parts."})
    status = fields.Enum(
        Wanted,
        by_value=True,
        load_default=None,
        metadata={"description": "`waiting`: what an answer is due for, the most urgent first."},
    )
    unit_id = Id(load_default=None, metadata={"description": "A part with all below it."})
    date = fields.Date(load_default=None, attribute="day")
    sort = Sort(Age)


class FeedbackRequestSchema(Schema):
    unit_id = Id(required=True, metadata={"description": "Of which part: one where I hold a post."})
    date = fields.Date(
        required=True, attribute="day", metadata={"description": "Today or yesterday.", "example": "2026-11-20"}
    )
    category = fields.Enum(Category, by_value=True, load_default=None)
    text = Text(LONGEST, lines=True, load_default="", attribute="words", metadata={"example": "3 号楼路灯坏了"})
    nothing = fields.Boolean(load_default=False, metadata={"description": "Nothing to report; then nothing else."})
    file_ids = fields.List(
        Id(),
        load_default=None,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Its photos, from POST files; left out: as they were."},
    )

    @validates_schema
    def says_something_or_nothing(self, asked: dict[str, Any], **_: Any) -> None:
        if asked.get("nothing"):
            if asked.get("category") or asked.get("words") or asked.get("file_ids"):
                raise ValidationError("Nothing to report has no category, text or photos.", "nothing")
        elif not asked.get("category"):
            raise ValidationError("Missing data for required field.", "category")
        elif not asked.get("words"):
            raise ValidationError("Missing data for required field.", "text")


class AnswerSchema(Schema):
    answer = Text(LONGEST_ANSWER, least=1, lines=True, required=True, metadata={"example": "明天有人来修"})


class ExcuseSchema(Schema):
    member_id = Id(required=True)
    unit_id = Id(required=True)
    day = fields.Date(required=True, metadata={"description": "Within 31 days back and ahead."})


class CalendarQuery(Schema):
    member_id = Id(load_default=None, metadata={"description": "Whose; mine if left out."})
    month = Month(load_default=None, metadata={"description": "2026-11; this month if left out."})


class CalendarDaySchema(Schema):
    unit_id = Id(attribute="unit.id")
    unit_name = fields.String(attribute="unit.name")
    date = fields.Date(attribute="day")
    status = fields.String(metadata={"enum": DAYS})
    feedback_id = Id(allow_none=True)


class CalendarSchema(Schema):
    items = fields.List(fields.Nested(CalendarDaySchema))


class FeedbackSchema(Schema):
    id = Id(attribute="feedback.id")
    member_id = Id(attribute="feedback.member_id")
    member_name = fields.String(attribute="name")
    unit_id = Id(attribute="feedback.unit_id")
    unit_name = fields.String(attribute="unit.name")
    date = fields.Date(attribute="feedback.day")
    category = fields.String(
        attribute="feedback.category", allow_none=True, metadata={"enum": [*(one.value for one in Category), None]}
    )
    text = fields.String(attribute="words")
    nothing = fields.Boolean(attribute="feedback.is_nothing")
    file_ids = fields.List(Id(), attribute="photo_ids")
    status = fields.String(attribute="feedback.state", metadata={"enum": STATES})
    given_at = Moment(attribute="feedback.given_at")
    due_at = Moment(
        attribute="feedback.due_at", allow_none=True, metadata={"description": "By then staff answer; null: no need."}
    )
    answer = fields.String()
    answered_at = Moment(attribute="feedback.answered_at", allow_none=True)


class FeedbackStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})


FeedbackPageSchema = page_of(FeedbackSchema)
