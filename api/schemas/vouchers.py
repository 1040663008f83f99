"""Vouchers, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Fen, Id, Moment, PageQuery, Schema, Sort, Text, WholeNumber, page_of
from api.schemas.redemptions import MAX_QUANTITY, ViaSchema
from ledger.rewards.voucher_models import VoucherState
from ledger.rewards.voucher_reading import VoucherOrder

STATES = [one.value for one in VoucherState]


class VoucherQuery(PageQuery):
    status = fields.Enum(VoucherState, by_value=True, load_default=None)
    mine = fields.Boolean(load_default=False, metadata={"description": "Those I bought myself."})
    number = Text(24, load_default="", metadata={"description": "The number or its beginning.", "example": "NH-7KQ2"})
    sort = Sort(VoucherOrder.NEWEST)


class VoucherRequestSchema(Schema):
    offer_id = Id(required=True)
    quantity = WholeNumber(
        1, MAX_QUANTITY, load_default=1, metadata={"description": "Pieces of one voucher, used together."}
    )


class VoucherViaSchema(ViaSchema):
    """How the voucher is shown at the counter: exactly one way. A card's PIN goes with `till_id` or `card_code`."""

    class Meta(Schema.Meta):
        exclude = ("merchant_code",)


class VoucherUseSchema(Schema):
    bill_fen = Fen(load_default=None, allow_none=True)
    branch_id = Id(load_default=None, metadata={"description": "Left out: the way's own branch."})
    via = fields.Nested(VoucherViaSchema, required=True)


class VoucherStepSchema(Schema):
    """What a step answers: ids and figures, nothing personal."""

    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    number = fields.String(metadata={"example": "NH-7KQ2-M4XW-9RTH-P"})
    member_id = Id()
    merchant_id = Id()
    offer_id = Id()
    offer_version = fields.Integer()
    agreement_version = fields.Integer()
    quantity = fields.Integer()
    points = fields.Integer(metadata={"description": "What was paid for it, and comes back if it is not used."})
    gross_fen = fields.Integer(metadata={"description": "What the shop is owed once it is used."})
    valid_until = fields.Date(metadata={"description": "The last day it can be used."})
    bought_at = Moment()
    ended_at = Moment(allow_none=True, metadata={"description": "When it was used, returned or expired."})


class VoucherSchema(VoucherStepSchema):
    offer_name = fields.String()
    offer_kind = fields.String()
    merchant_name = fields.String()
    member_name = fields.String(metadata={"description": "Masked for shops and the street."})


class VoucherAtTillSchema(Schema):
    """A voucher of the member at the counter: `usable` here now, or the reason codes against it."""

    id = Id()
    number = fields.String()
    offer_name = fields.String()
    offer_kind = fields.String()
    quantity = fields.Integer()
    minimum_bill_fen = fields.Integer(allow_none=True)
    valid_until = fields.Date()
    usable = fields.Boolean()
    reasons = fields.List(fields.String())


VoucherPageSchema = page_of(VoucherSchema)
