"""The till, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.schemas.fields import Code, Id, Moment, Schema
from api.schemas.offers import OfferSchema
from api.schemas.vouchers import VoucherAtTillSchema


class TillRequestSchema(Schema):
    member_code = Code(
        200, metadata={"example": "7KQ2-M4XW-PL29", "description": "The code, or the whole address in its QR."}
    )
    card_code = Code(200, metadata={"example": "7KQ2-M4XW"})
    branch_id = Id(load_default=None, metadata={"description": "Left out: the counter's own branch."})

    @validates_schema
    def _names_one_code(self, data: dict[str, Any], **_: Any) -> None:
        if ("member_code" in data) == ("card_code" in data):
            raise ValidationError("Exactly one of member_code and card_code.", "member_code")


class VisitorSchema(Schema):
    name = fields.String(metadata={"description": "Masked.", "example": "林*芳"})


class TillSchema(Schema):
    till_id = Id()
    branch_id = Id()
    expires_at = Moment()
    member = fields.Nested(VisitorSchema)
    offers = fields.List(fields.Nested(OfferSchema))
    vouchers = fields.List(fields.Nested(VoucherAtTillSchema), metadata={"description": "Unused ones of this shop."})
