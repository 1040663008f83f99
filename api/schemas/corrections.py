"""What members ask to have corrected, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.people.correction_models import About, CorrectionState
from ledger.people.corrections import LONGEST, LONGEST_NAME

STATES = [one.value for one in CorrectionState]


class CorrectionQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "What I asked, instead of what members ask."})
    status = fields.Enum(CorrectionState, by_value=True, load_default=None)
    sort = Sort(Age.NEWEST)


class CorrectionRequestSchema(Schema):
    about = fields.Enum(About, by_value=True, required=True)
    wanted = Text(
        LONGEST, least=1, required=True, metadata={"description": "What should stand there.", "example": "林秀芳"}
    )
    note = Text(300, lines=True, load_default="", metadata={"description": "How it is known."})

    @validates_schema
    def has_a_names_length(self, asked: dict[str, Any], **_: Any) -> None:
        if asked.get("about") is About.NAME and len(asked.get("wanted", "")) > LONGEST_NAME:
            raise ValidationError(f"Longer than maximum length {LONGEST_NAME}.", "wanted")


class CorrectionMadeSchema(Schema):
    answer = Text(300, load_default="", metadata={"description": "What was put right, in words for the member."})
    unit_id = Id(load_default=None, metadata={"description": "Where the member lives, if that was wrong."})


class CorrectionRefusalSchema(Schema):
    answer = Text(300, least=1, required=True, metadata={"example": "以登记表为准"})


class CorrectionSchema(Schema):
    id = Id(attribute="correction.id")
    member_id = Id(attribute="correction.member_id")
    member_name = fields.String(attribute="member.name")
    about = fields.String(attribute="correction.about", metadata={"enum": [one.value for one in About]})
    wanted = fields.String(attribute="correction.wanted")
    note = fields.String(attribute="correction.note")
    status = fields.String(attribute="correction.state", metadata={"enum": STATES})
    answer = fields.String(attribute="correction.answer")
    asked_at = Moment(attribute="correction.asked_at")
    due_at = Moment(attribute="correction.due_at", metadata={"description": "By then staff have decided."})
    decided_at = Moment(attribute="correction.decided_at", allow_none=True)


class CorrectionStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})


CorrectionPageSchema = page_of(CorrectionSchema)
