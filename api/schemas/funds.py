"""Funds, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Fen, Id, Moment, Schema, Text, page_of


class FundRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "微基金"})


class FundSchema(Schema):
    id = Id()
    name = fields.String()
    created_at = Moment()


class FundWithFiguresSchema(FundSchema):
    granted_fen = fields.Integer()
    reserved_fen = fields.Integer()
    spent_fen = fields.Integer()
    left_fen = fields.Integer(metadata={"description": "Granted less spent less reserved."})


class FundGrantRequestSchema(Schema):
    amount_fen = Fen(least=1, required=True, metadata={"example": 100000})
    donor = Text(80, least=1, required=True, metadata={"example": "红色合伙人"})


class NewFundGrantSchema(Schema):
    """What is remembered under the key: no names."""

    id = Id()
    fund_id = Id()
    amount_fen = fields.Integer()
    granted_at = Moment()


class FundGrantSchema(NewFundGrantSchema):
    donor = fields.String()


class FundGrantListSchema(Schema):
    items = fields.List(fields.Nested(FundGrantSchema))


FundPageSchema = page_of(FundWithFiguresSchema)
