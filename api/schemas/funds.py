"""Funds, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.schemas.fields import Fen, Id, Moment, Schema, Text, page_of


class FundRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "微基金"})


class FundLevelsSchema(Schema):
    low_fen = Fen(required=True, metadata={"description": "With less left staff are told.", "example": 100000})
    very_low_fen = Fen(required=True, metadata={"description": "With less left they are told again.", "example": 20000})

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["very_low_fen"] > data["low_fen"]:
            raise ValidationError("More than the first level.", "very_low_fen")


class FundSchema(Schema):
    id = Id()
    name = fields.String()
    low_fen = fields.Integer(metadata={"description": "With less left the fund is low."})
    very_low_fen = fields.Integer(metadata={"description": "With less left it is very low."})
    created_at = Moment()


class FundWithFiguresSchema(FundSchema):
    granted_fen = fields.Integer()
    reserved_fen = fields.Integer()
    spent_fen = fields.Integer()
    left_fen = fields.Integer(metadata={"description": "Granted less spent less reserved."})
    level = fields.Integer(metadata={"description": "0, 1 (low) or 2 (very low)."})


class ForecastSchema(Schema):
    spent_fen = fields.List(
        fields.Integer(),
        attribute="spent",
        metadata={"description": "Of each of the last four whole weeks, oldest first."},
    )
    weekly_fen = fields.Integer(metadata={"description": "Their average, rounded up."})
    left_fen = fields.List(
        fields.Integer(),
        attribute="left",
        metadata={
            "description": "At the end of each of the next four weeks if they are like it; negative: not enough."
        },
    )
    lasts_weeks = fields.Integer(
        allow_none=True, metadata={"description": "Whole weeks that the fund pays for; null: nothing is spent."}
    )


class FundWithForecastSchema(FundWithFiguresSchema):
    forecast = fields.Nested(ForecastSchema)


class AgeSchema(Schema):
    from_months = fields.Integer(metadata={"description": "Awarded at least so many months before this one."})
    until_months = fields.Integer(allow_none=True, metadata={"description": "And fewer than so many; null: no bound."})
    points = fields.Integer()
    fen = fields.Integer(allow_none=True)


class LiabilitySchema(Schema):
    points = fields.Integer(metadata={"description": "What all wallets hold."})
    fen = fields.Integer(
        allow_none=True,
        metadata={"description": "At the best rate of an agreement in force; null: there is none."},
    )
    rate_fen = fields.Integer()
    rate_points = fields.Integer()
    ages = fields.List(fields.Nested(AgeSchema), metadata={"description": "The newest first."})


class FundGrantRequestSchema(Schema):
    amount_fen = Fen(least=1, required=True, metadata={"example": 100000})
    donor = Text(80, least=1, required=True, metadata={"example": "红色合伙人"})
    is_named = fields.Boolean(
        load_default=False,
        metadata={"description": "The person agreed, or the organisation wishes, to be named in public."},
    )


class NamingSchema(Schema):
    is_named = fields.Boolean(required=True)


class NewFundGrantSchema(Schema):
    """What is remembered under the key: no names."""

    id = Id()
    fund_id = Id()
    amount_fen = fields.Integer()
    is_named = fields.Boolean()
    granted_at = Moment()


class FundGrantSchema(NewFundGrantSchema):
    donor = fields.String()


class FundGrantListSchema(Schema):
    items = fields.List(fields.Nested(FundGrantSchema))


FundPageSchema = page_of(FundWithFiguresSchema)
