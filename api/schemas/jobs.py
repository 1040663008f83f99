"""The jobs of the clock, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Moment, Schema


class JobRunSchema(Schema):
    name = fields.String(metadata={"description": "The job.", "example": "close_week"})
    ended_at = Moment(
        allow_none=True,
        metadata={"description": "When its newest run ended; null: it never ran.", "example": "2026-10-12T18:00:00Z"},
    )
    is_failed = fields.Boolean(metadata={"description": "That run failed; the next tick tries again."})


class JobRunListSchema(Schema):
    items = fields.List(fields.Nested(JobRunSchema), metadata={"description": "By name; all of them."})
