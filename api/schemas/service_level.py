"""The service level of stamping, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Moment, Month, Schema
from ledger.service.service_level import MOST_MONTHS


class ServiceLevelQuery(Schema):
    month = Month(load_default=None, metadata={"description": "Left out: the present month.", "example": "2026-11"})
    months = fields.Integer(
        load_default=3,
        validate=validate.Range(min=1, max=MOST_MONTHS),
        metadata={"description": "How many months, with those before it."},
    )


class LevelSchema(Schema):
    month = fields.Function(lambda one: f"{one.month:%Y-%m}", metadata={"type": "string", "example": "2026-11"})
    visits = fields.Integer(metadata={"description": "That came to the desk in the month."})
    in_time = fields.Integer(metadata={"description": "Decided within the promised days."})
    late = fields.Integer(metadata={"description": "Decided later, or still waiting after the promised day."})
    waiting = fields.Integer(metadata={"description": "Not decided yet; the promised day is not over."})
    percent = fields.Integer(
        allow_none=True, metadata={"description": "in_time of in_time and late, rounded down; null: none is due yet."}
    )
    median_minutes = fields.Integer(
        allow_none=True, metadata={"description": "Half of those decided waited no longer.", "example": 95}
    )
    manual_percent = fields.Integer(
        allow_none=True, metadata={"description": "Recorded by hand afterwards; null: no visit."}
    )


class StamperSchema(Schema):
    name = fields.String(metadata={"description": "Masked for the street."})
    rows = fields.Integer(metadata={"description": "Decisions in the (newest) month, first of two stamps included."})
    manual_percent = fields.Integer(metadata={"description": "Of them recorded by hand afterwards."})
    undone = fields.Integer(metadata={"description": "Of them undone again."})
    seconds_per_row = fields.Float(
        allow_none=True,
        metadata={
            "description": "Median; the time since the press before in one sitting, shared by the rows of a press."
        },
    )


class ServiceLevelSchema(Schema):
    promised_workdays = fields.Integer(metadata={"example": 3})
    overdue = fields.Integer(metadata={"description": "Visits that wait now past their promised day."})
    oldest_since = Moment(allow_none=True, metadata={"description": "Since when the oldest of them waits."})
    months = fields.List(fields.Nested(LevelSchema), metadata={"description": "Newest first."})
    stampers = fields.List(fields.Nested(StamperSchema), metadata={"description": "Who decided most first."})
