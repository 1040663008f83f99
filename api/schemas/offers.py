"""Offers, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import Fen, Id, PageQuery, Points, Schema, Sort, Text, WholeNumber, page_of
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.rewards.models import OfferKind
from ledger.rewards.offers import OfferOrder
from ledger.rewards.several_offers import MOST_AT_ONCE, Foreseen, Step

PIECES = 1_000_000
MOST_VERSIONS = 1_000_000


class OfferQuery(PageQuery):
    merchant_id = Id(load_default=None)
    branch_id = Id(load_default=None, metadata={"description": "Judge `usable` at this branch."})
    sort = Sort(OfferOrder.NEWEST)


class PictureQuery(Schema):
    small = fields.Boolean(load_default=False, metadata={"description": "At most 240 pixels a side."})


class OfferTermsSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "全麦面包"})
    description = Text(300, load_default="", lines=True)
    points = Points(required=True, metadata={"example": 20})
    price_fen = Fen(
        load_default=None, allow_none=True, metadata={"description": "Per piece; none: points at the agreement's rate."}
    )
    starts_on = fields.Date(load_default=None, allow_none=True)
    ends_on = fields.Date(load_default=None, allow_none=True)
    weekdays = WholeNumber(
        1, 127, load_default=127, metadata={"description": "Monday 1, Tuesday 2 … Sunday 64, added."}
    )
    from_time = fields.Time(load_default=None, allow_none=True, metadata={"description": "Asia/Shanghai, inclusive."})
    until_time = fields.Time(load_default=None, allow_none=True, metadata={"description": "Asia/Shanghai, exclusive."})
    branch_ids = fields.List(
        Id(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=100),
        metadata={"description": "None: every branch."},
    )
    minimum_bill_fen = Fen(load_default=None, allow_none=True)
    discount_fen = Fen(
        least=1,
        load_default=None,
        allow_none=True,
        metadata={"description": "What a card takes off a bill of the minimum; with a percentage the most of it."},
    )
    discount_percent = WholeNumber(
        1, 99, load_default=None, allow_none=True, metadata={"description": "Off the bill, of a discount card."}
    )
    shop_bears_percent = WholeNumber(
        0, 100, load_default=0, metadata={"description": "Of the discount, what the shop bears; the fund the rest."}
    )
    per_member_per_day = WholeNumber(1, PIECES, load_default=None, allow_none=True)
    per_member_per_week = WholeNumber(1, PIECES, load_default=None, allow_none=True)
    per_household_per_week = WholeNumber(
        1,
        PIECES,
        load_default=None,
        allow_none=True,
        metadata={"description": "Whoever of the household takes them; a member without one counts alone."},
    )
    per_person = WholeNumber(
        1, PIECES, load_default=None, allow_none=True, metadata={"description": "As long as the offer lives."}
    )
    voucher_days = WholeNumber(
        0,
        365,
        load_default=None,
        allow_none=True,
        metadata={"description": "So long a voucher of it can be used; none: 90 days; 0: not sold as a voucher."},
    )
    picture_ids = fields.List(
        Id(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "From `POST /files` with `for=offer`, in the order in which they are shown."},
    )

    @validates_schema
    def _has_a_sensible_time(self, data: dict[str, Any], **_: Any) -> None:
        if data["starts_on"] and data["ends_on"] and data["ends_on"] < data["starts_on"]:
            raise ValidationError("Ends before it starts.", "ends_on")
        if any(data[name] is not None and data[name].tzinfo is not None for name in ("from_time", "until_time")):
            raise ValidationError("Hours are in Asia/Shanghai, without an offset.", "from_time")

    @validates_schema
    def _is_a_whole_card(self, data: dict[str, Any], **_: Any) -> None:
        off, minimum = data["discount_fen"], data["minimum_bill_fen"]
        if off is None:
            if data["discount_percent"] is not None or data["shop_bears_percent"]:
                raise ValidationError("A card says how much it takes off at most.", "discount_fen")
            return
        if data["price_fen"] is not None:
            raise ValidationError("A card has no price of its own: the shop is owed what it takes off.", "price_fen")
        if not minimum or (data["discount_percent"] is None and off > minimum):
            raise ValidationError("A card needs a bill of at least what it takes off.", "minimum_bill_fen")


class OfferRequestSchema(OfferTermsSchema):
    agreement_id = Id(required=True)
    kind = fields.Enum(OfferKind, by_value=True, required=True)
    stock = WholeNumber(0, PIECES, load_default=None, allow_none=True, metadata={"description": "None: no limit."})


class RestockSchema(Schema):
    pieces = WholeNumber(1, PIECES, required=True)


class ChosenOfferSchema(Schema):
    offer_id = Id(required=True)
    version = WholeNumber(
        1,
        MOST_VERSIONS,
        load_default=None,
        metadata={"description": "Of a preview: `version_changed` for all of them if another one waits by now."},
    )


class OfferBatchRequestSchema(Schema):
    merchant_id = Id(required=True, metadata={"description": "The shop whose offers they are."})
    step = fields.Enum(Step, by_value=True, required=True)
    offers = fields.List(
        fields.Nested(ChosenOfferSchema), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE)
    )
    preview = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Only show what would happen; needs no key and stores nothing."},
    )

    @validates_schema
    def _is_each_once(self, asked: dict[str, Any], **_: Any) -> None:
        if len({one["offer_id"] for one in asked["offers"]}) < len(asked["offers"]):
            raise ValidationError("Name each offer once.", "offers")


class OfferResultSchema(Schema):
    """What became of an offer, with the terms that were put in force or ended."""

    offer_id = Id(attribute="terms.offer_id")
    version = fields.Integer(attribute="terms.version")
    name = fields.String(attribute="terms.name")
    points = fields.Integer(attribute="terms.points")
    price_fen = fields.Integer(attribute="terms.price_fen", allow_none=True)
    points_before = fields.Integer(
        attribute="row.terms.points",
        metadata={"description": "What a piece costs until then; of a first draft, the same."},
    )
    status = fields.Method(
        "what_became", metadata={"type": "string", "description": "`done` (in a preview: would be) or `refused`."}
    )
    code = fields.String(
        attribute="reason.code", dump_default=None, allow_none=True, metadata={"description": "Why it was refused."}
    )

    def what_became(self, one: Foreseen) -> str:
        return "done" if one.reason is None else "refused"


class OfferBatchSchema(Schema):
    results = fields.List(fields.Nested(OfferResultSchema), metadata={"description": "The shop's newest offer first."})


class OfferSchema(Schema):
    """An offer as it is for me: `usable` now, or the reason codes against it, in the order of precedence."""

    id = Id()
    merchant_id = Id()
    merchant_name = fields.String()
    agreement_id = Id()
    branch_ids = fields.List(Id())
    name = fields.String()
    description = fields.String()
    kind = fields.String()
    state = fields.String()
    version = fields.Integer()
    points = fields.Integer()
    price_fen = fields.Integer(allow_none=True)
    stock = fields.Integer(allow_none=True)
    starts_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)
    weekdays = fields.Integer()
    from_time = fields.Time(format="%H:%M", allow_none=True)
    until_time = fields.Time(format="%H:%M", allow_none=True)
    minimum_bill_fen = fields.Integer(allow_none=True)
    discount_fen = fields.Integer(allow_none=True)
    discount_percent = fields.Integer(allow_none=True)
    shop_bears_percent = fields.Integer()
    per_member_per_day = fields.Integer(allow_none=True)
    per_member_per_week = fields.Integer(allow_none=True)
    per_household_per_week = fields.Integer(allow_none=True)
    per_person = fields.Integer(allow_none=True)
    voucher_days = fields.Integer(allow_none=True)
    picture_ids = fields.List(fields.String(), metadata={"description": "Shown at `/offers/{id}/pictures/{id}.jpg`."})
    usable = fields.Boolean()
    reasons = fields.List(fields.String())


class ChangedOfferSchema(Schema):
    id = Id()
    merchant_id = Id()
    agreement_id = Id()
    kind = fields.String()
    state = fields.String()
    version = fields.Integer(metadata={"description": "The version in force, or the first draft."})
    draft_version = fields.Integer(allow_none=True, metadata={"description": "A version that waits for approval."})
    stock = fields.Integer(allow_none=True)


OfferPageSchema = page_of(OfferSchema)
