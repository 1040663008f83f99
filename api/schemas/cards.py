"""Paper cards, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import Code, Id, Moment, PageQuery, Pin, Schema, WholeNumber, page_of
from ledger.people.card_sheets import MOST_ON_A_SHEET
from ledger.people.cards_models import CardState
from ledger.service.mine import MOST_CARDS


class CardQuery(PageQuery):
    status = fields.Enum(CardState, by_value=True, load_default=None)
    sheet_id = Id(load_default=None)


class CardSchema(Schema):
    """A card without its code: that stands on the paper alone, and on its sheet for the printer."""

    id = Id()
    sheet_id = Id()
    member_id = Id(allow_none=True)
    status = fields.String(attribute="state", metadata={"enum": [state.value for state in CardState]})
    pin_blocked = fields.Boolean(metadata={"description": "Five wrong PINs; staff set a new one."})
    made_at = Moment()
    issued_at = Moment(allow_none=True)
    ended_at = Moment(allow_none=True)


class MemberCardSchema(Schema):
    card = fields.Nested(CardSchema, allow_none=True, metadata={"description": "Live, else the last; null: none yet."})


class HandOutSchema(Schema):
    code = Code(200, load_default=None, metadata={"example": "7KQ2-M4XW", "description": "Of a blank card at hand."})
    pin = Pin(load_default=None, allow_none=True)
    replaces = fields.Boolean(load_default=False, metadata={"description": "The card in use stops working at once."})


class NewPinSchema(Schema):
    pin = Pin(load_default=None, allow_none=True)


class HandedOutSchema(CardSchema):
    code = fields.String(metadata={"description": "As on the card."})
    pin = fields.String(metadata={"description": "Shown this once."})


class SheetRequestSchema(Schema):
    """Blank cards, or one for each of these members."""

    count = WholeNumber(1, MOST_ON_A_SHEET)
    unit_id = Id(load_default=None, metadata={"description": "Left out: the community as a whole. With count only."})
    member_ids = fields.List(Id(), validate=validate.Length(min=1, max=MOST_ON_A_SHEET))

    @validates_schema
    def _is_one_kind(self, data: dict[str, Any], **_: Any) -> None:
        if ("count" in data) == ("member_ids" in data):
            raise ValidationError("Exactly one of count and member_ids.", "count")


class SheetSchema(Schema):
    id = Id()
    unit_id = Id()
    made_at = Moment()


class SheetRowSchema(SheetSchema):
    unit_name = fields.String()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "Cards by status."})


class PrintedCardSchema(Schema):
    id = Id()
    code = fields.String()
    url = fields.String(metadata={"description": "What the QR says; the code stands behind the #."})
    name = fields.String(metadata={"description": "Of whom it belongs to or was made for; empty on a blank one."})


class PrintedSheetSchema(SheetSchema):
    cards = fields.List(fields.Nested(PrintedCardSchema))


CardPageSchema = page_of(CardSchema)
SheetPageSchema = page_of(SheetRowSchema)


class FlowerBookQuery(Schema):
    before = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=MOST_CARDS),
        metadata={"description": "Cards numbered below this one; from the answer before."},
    )


class FlowerSchema(Schema):
    at = Moment()
    points = fields.Integer()
    activity = fields.String()
    stamp_id = Id()


class FilledCardSchema(Schema):
    number = fields.Integer(metadata={"description": "From 1, the oldest card."})
    flowers = fields.List(fields.Nested(FlowerSchema), metadata={"description": "At most ten, oldest first."})


class FlowerBookSchema(Schema):
    flowers = fields.Integer(metadata={"description": "Stamped services in all."})
    cards = fields.List(fields.Nested(FilledCardSchema), metadata={"description": "Newest first."})
    before = fields.Integer(allow_none=True, metadata={"description": "Ask with it for the older cards; null: none."})
