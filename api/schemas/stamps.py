"""Stamps, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import Id, Schema, Text
from ledger.service.desk import MOST_AT_ONCE
from ledger.service.models import Decision


class StampRequestSchema(Schema):
    checkin_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))
    decision = fields.Enum(Decision, by_value=True, required=True)
    note = Text(300, lines=True, load_default="", metadata={"description": "The volunteer reads it."})
    preview = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Only show what would happen; needs no key and stores nothing."},
    )
    preview_digest = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=64),
        metadata={"description": "Of a preview: refused with `preview_changed` if anything changed since."},
    )

    @validates_schema
    def is_each_once(self, asked: dict[str, Any], **_: Any) -> None:
        if len(set(asked["checkin_ids"])) < len(asked["checkin_ids"]):
            raise ValidationError("Name each check-in once.", "checkin_ids")


class StampResultSchema(Schema):
    checkin_id = Id()
    stamp_id = Id(allow_none=True)
    status = fields.String(metadata={"description": "The check-in's state now, or `refused`."})
    points = fields.Integer()
    minutes = fields.Integer()
    explanation = fields.String(metadata={"example": "2 小时 × 5 = 10 朵"})
    explanation_en = fields.String(metadata={"example": "2 h × 5 = 10 flowers"})
    code = fields.String(allow_none=True, metadata={"description": "The reason, when refused."})


class StampedBatchSchema(Schema):
    batch_id = Id(allow_none=True, metadata={"description": "None for a preview."})
    preview_digest = fields.String()
    results = fields.List(fields.Nested(StampResultSchema))


class UndoneSchema(Schema):
    results = fields.List(fields.Nested(StampResultSchema))
