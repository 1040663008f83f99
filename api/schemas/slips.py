"""Numbered slips, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Code, Day, Id, Moment, Schema, WholeNumber
from ledger.rewards.models import RedemptionState


class SlipQuery(Schema):
    branch_id = Id(load_default=None, metadata={"description": "Left out: the counter's own branch."})


class PadRequestSchema(SlipQuery):
    pass


class SlipEntrySchema(Schema):
    number = Code(20, required=True, metadata={"example": "000123K"})
    card_code = Code(200, required=True, metadata={"example": "7KQ2-M4XW"})
    offer_id = Id(required=True)
    quantity = WholeNumber(1, 99, load_default=1)
    filled_on = Day(required=True, metadata={"description": "The day that stands on it."})


class SlipSchema(Schema):
    id = Id()
    number = fields.String()
    filled_on = fields.Date(allow_none=True)
    entered_at = Moment(allow_none=True)
    redemption_id = Id(allow_none=True, metadata={"description": "Null: blank."})
    status = fields.String(
        allow_none=True,
        metadata={"enum": [one.value for one in RedemptionState], "description": "Of its redemption; null: blank."},
    )
    points = fields.Integer(allow_none=True)


class SlipListSchema(Schema):
    items = fields.List(fields.Nested(SlipSchema))


class NewPadSchema(Schema):
    id = Id()
    merchant_id = Id()
    branch_id = Id()
    cap_points = fields.Integer(metadata={"description": "The most that a slip is for."})
    days = fields.Integer(metadata={"description": "Days within which a slip must be entered."})
    printed_at = Moment()
    last_day = fields.Date(metadata={"description": "The last day that may stand on a slip."})


class PadSchema(NewPadSchema):
    slips = fields.List(fields.Nested(SlipSchema))


class PadListSchema(Schema):
    items = fields.List(fields.Nested(PadSchema))
