"""Expiry of points, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Schema, WholeNumber, page_of

MOST_MONTHS = 120


class ExpiryPolicyRequestSchema(Schema):
    months = WholeNumber(
        1,
        MOST_MONTHS,
        required=True,
        allow_none=True,
        metadata={
            "description": "New points expire at the end of the month so much later; null: never.",
            "example": 24,
        },
    )


class ExpiryPolicySchema(Schema):
    id = Id()
    months = fields.Integer(allow_none=True, metadata={"description": "null: points never expire.", "example": 24})
    since = Moment(metadata={"description": "Counts for what is earned from this moment on."})
    actor_id = Id()


class ExpiringSchema(Schema):
    expires_on = fields.Date(metadata={"description": "The last day on which the points can be used."})
    points = fields.Integer(metadata={"description": "Neither spent nor held.", "example": 12})


class ExpiryScheduleSchema(Schema):
    items = fields.List(fields.Nested(ExpiringSchema))


ExpiryPolicyPageSchema = page_of(ExpiryPolicySchema)
