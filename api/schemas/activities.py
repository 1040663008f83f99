"""Activities, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, WholeNumber, page_of

EXAMPLE = {"starts_at": "2026-11-20T09:00:00+08:00", "ends_at": "2026-11-20T11:00:00+08:00"}


class PositionSchema(Schema):
    """Degrees, WGS 84."""

    latitude = fields.Float(required=True, validate=validate.Range(min=-90, max=90), metadata={"example": 38.486})
    longitude = fields.Float(required=True, validate=validate.Range(min=-180, max=180), metadata={"example": 106.278})


class ActivityRequestSchema(Schema):
    programme_id = Id(required=True)
    unit_id = Id(required=True)
    name = Text(80, least=1, required=True, metadata={"example": "早间巡逻"})
    place = Text(120, least=1, required=True, metadata={"example": "东门岗亭"})
    instructions = Text(500, lines=True, load_default="")
    starts_at = Moment(required=True, metadata={"example": EXAMPLE["starts_at"]})
    ends_at = Moment(required=True, metadata={"example": EXAMPLE["ends_at"]})
    opens_before_minutes = WholeNumber(0, 120, load_default=15)
    closes_after_minutes = WholeNumber(0, 240, load_default=30)
    capacity = WholeNumber(1, 100_000, load_default=None, allow_none=True)
    position = fields.Nested(
        PositionSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Where it is, so that a check-in by poster can say how far away it was made."},
    )


class ActivityCancelSchema(Schema):
    reason = Text(200, least=1, required=True, metadata={"example": "下雨，改到周日"})


class ActivityQuery(PageQuery):
    since = Moment(load_default=None, metadata={"description": "Activities that end at this moment or later."})
    until = Moment(load_default=None, metadata={"description": "Activities that start before this moment."})
    unit_id = Id(load_default=None)


class ActivitySchema(Schema):
    id = Id(attribute="activity.id")
    programme_id = Id(attribute="activity.programme_id")
    programme_name = fields.String(attribute="programme.name")
    unit_id = Id(attribute="activity.unit_id")
    unit_name = fields.String(attribute="unit.name")
    name = fields.String(attribute="activity.name")
    place = fields.String(attribute="activity.place")
    instructions = fields.String(attribute="activity.instructions")
    starts_at = Moment(attribute="activity.starts_at")
    ends_at = Moment(attribute="activity.ends_at")
    opens_before_minutes = fields.Integer(attribute="activity.opens_before_minutes")
    closes_after_minutes = fields.Integer(attribute="activity.closes_after_minutes")
    capacity = fields.Integer(attribute="activity.capacity", allow_none=True)
    status = fields.String(attribute="activity.state")
    cancelled_at = Moment(attribute="activity.cancelled_at", allow_none=True)
    cancel_reason = fields.String(attribute="activity.cancel_reason", allow_none=True)
    poster_code = fields.Method(
        "poster_of", metadata={"type": ["string", "null"], "description": "Only for those who manage the activity."}
    )

    def poster_of(self, view: Any) -> str | None:
        return view.activity.poster_code if view.is_mine_to_manage else None


class LiveCodeSchema(Schema):
    code = fields.String(metadata={"example": "NH-7KQ2M4XW"})
    url = fields.Url(metadata={"description": "What the QR on the screen shows."})
    expires_at = Moment(metadata={"description": "When the next code follows."})


ActivityPageSchema = page_of(ActivitySchema)
