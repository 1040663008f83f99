"""The community's monthly issuance, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Month, Schema, WholeNumber

MOST_ISSUED = 100_000_000


class IssuanceQuery(Schema):
    month = Month(load_default=None, metadata={"description": "Left out: the present month.", "example": "2026-11"})


class IssuanceBudgetRequestSchema(Schema):
    points = WholeNumber(
        1,
        MOST_ISSUED,
        required=True,
        allow_none=True,
        metadata={"description": "What the community means to give in a month; null: no budget.", "example": 20_000},
    )


class ProgrammeIssuanceSchema(Schema):
    programme_id = Id()
    name = fields.String()
    points = fields.Integer(metadata={"description": "Given in the month."})
    budget_points = fields.Integer(allow_none=True, metadata={"description": "By the present rule; null: none."})


class IssuanceSchema(Schema):
    month = fields.Function(lambda one: f"{one.month:%Y-%m}", metadata={"type": "string", "example": "2026-11"})
    points = fields.Integer(metadata={"description": "Given in the month: by the day on which a visit's credit began."})
    budget_points = fields.Integer(allow_none=True)
    percent = fields.Integer(allow_none=True, metadata={"description": "Rounded down.", "example": 83})
    level = fields.Integer(
        allow_none=True, metadata={"description": "The alarm that is reached: 80, 100 or null.", "example": 80}
    )
    version = fields.Integer(metadata={"description": "Of the budget; 0: none was ever set."})
    programmes = fields.List(fields.Nested(ProgrammeIssuanceSchema))
