"""Redemptions, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import Code, Fen, Id, Moment, PageQuery, Pin, Points, Schema, Sort, Text, WholeNumber, page_of
from ledger.rewards.models import RedemptionState
from ledger.rewards.receipts import RedemptionOrder

MAX_QUANTITY = 99
WAYS = ("till_id", "member_code", "merchant_code", "card_code")


class ViaSchema(Schema):
    """How the redemption comes about: exactly one way. A paper card's PIN goes with `till_id` or `card_code`."""

    till_id = Id()
    member_code = Code(80)
    merchant_code = Code(40, metadata={"example": "NH-7KQ2M4X"})
    card_code = Code(200, metadata={"example": "7KQ2-M4XW"})
    pin = Pin()

    @validates_schema
    def _is_one_way(self, data: dict[str, Any], **_: Any) -> None:
        if sum(way in data for way in WAYS) != 1:
            raise ValidationError("Exactly one of till_id, member_code, merchant_code, card_code.", "via")
        if "card_code" in data and "pin" not in data:
            raise ValidationError("A card needs its PIN.", "pin")
        if "pin" in data and not {"till_id", "card_code"} & set(data):
            raise ValidationError("There is no PIN without a card.", "pin")


class PinSchema(Schema):
    """The PIN alone, as the till's page sends it."""

    pin = Pin()


class ShareSchema(Schema):
    """What another member of the household is asked to pay."""

    member_id = Id(required=True)
    points = Points(required=True)


MOST_SHARES = 8


class RedemptionRequestSchema(Schema):
    offer_id = Id(required=True)
    quantity = WholeNumber(1, MAX_QUANTITY, load_default=1)
    bill_fen = Fen(load_default=None, allow_none=True)
    branch_id = Id(load_default=None, metadata={"description": "Left out: the way's own branch."})
    on_behalf_of = Id(load_default=None, metadata={"description": "A member whom I help; with merchant_code only."})
    contributions = fields.List(
        fields.Nested(ShareSchema),
        load_default=list,
        validate=validate.Length(max=MOST_SHARES),
        metadata={
            "description": "Parts that others of the household pay, each with their word; with merchant_code only."
        },
    )
    via = fields.Nested(ViaSchema, required=True)

    @validates_schema
    def _chooses_at_the_poster(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("on_behalf_of", "contributions"):
            if data.get(name) and "merchant_code" not in data.get("via", {}):
                raise ValidationError("Only with merchant_code.", name)


class RedemptionQuery(PageQuery):
    status = fields.Enum(RedemptionState, by_value=True, load_default=None)
    mine = fields.Boolean(load_default=False)
    branch_id = Id(load_default=None)
    merchant_id = Id(load_default=None)
    on = fields.Date(load_default=None, metadata={"description": "Business day of the reservation."})
    sort = Sort(RedemptionOrder.NEWEST)


class RedemptionSchema(Schema):
    id = Id()
    status = fields.String(attribute="state")
    member_id = Id()
    merchant_id = Id()
    branch_id = Id()
    offer_id = Id()
    voucher_id = Id(allow_none=True, metadata={"description": "The voucher that pays for it, bought before."})
    offer_version = fields.Integer()
    agreement_version = fields.Integer()
    quantity = fields.Integer()
    points = fields.Integer()
    pooled_points = fields.Integer(metadata={"description": "Of these points, what others of the household pay."})
    gross_fen = fields.Integer(metadata={"description": "What the shop is owed for it."})
    bill_fen = fields.Integer(allow_none=True)
    discount_fen = fields.Integer(
        allow_none=True,
        metadata={"description": "What a card took off the bill: the shop bears what of it is not in gross_fen."},
    )
    refunded_points = fields.Integer()
    refunded_fen = fields.Integer()
    via = fields.String()
    receipt_number = fields.String()
    reserved_at = Moment()
    expires_at = Moment(metadata={"description": "Until when a reservation can be confirmed."})
    confirmed_at = Moment(allow_none=True)


class PaidPartSchema(Schema):
    """Somebody's part of what a household pays together; without `is_agreed` it cannot be confirmed yet."""

    member_id = Id()
    name = fields.String()
    points = fields.Integer()
    is_agreed = fields.Boolean()


class ReceiptSchema(RedemptionSchema):
    offer_name = fields.String()
    offer_kind = fields.String()
    merchant_name = fields.String()
    branch_name = fields.String()
    member_name = fields.String(metadata={"description": "Masked for shops and the street."})
    acted_by = fields.List(
        fields.String(), metadata={"description": "Who acted for the member, masked likewise; empty: the member did."}
    )
    parts = fields.List(
        fields.Nested(PaidPartSchema), metadata={"description": "Who paid together, the member first; empty: alone."}
    )


class RefundRequestSchema(Schema):
    points = Points(load_default=None, allow_none=True, metadata={"description": "Left out: all that are left."})
    reason = Text(300, least=1, required=True, lines=True)


class RefundSchema(Schema):
    id = Id()
    redemption_id = Id()
    points = fields.Integer()
    amount_fen = fields.Integer(attribute="fen")
    refunded_at = Moment()


ReceiptPageSchema = page_of(ReceiptSchema)
