"""Shops and who stands behind their counters, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.people.phones import PATTERN
from ledger.rewards.merchants import MerchantOrder


class MerchantQuery(PageQuery):
    sort = Sort(MerchantOrder.NEWEST)


class MerchantRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "麦香面包"})
    trade = Text(40, least=1, required=True, metadata={"example": "面包"})


class MerchantSchema(Schema):
    id = Id()
    name = fields.String()
    trade = fields.String()
    created_at = Moment()


class OwnerRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "王老板"})
    phone = fields.String(
        required=True,
        validate=[validate.Length(max=20), validate.Regexp(PATTERN)],
        metadata={"example": "13900000000", "description": "Whoever signs in with this number stands at the counter."},
    )


class ClerkRequestSchema(OwnerRequestSchema):
    branch_id = Id(load_default=None, metadata={"description": "Left out: every branch of the shop."})


class CounterStaffSchema(Schema):
    id = Id()
    merchant_id = Id()
    branch_id = Id(allow_none=True)
    name = fields.String()
    role = fields.String()
    since = Moment()


class CounterStaffListSchema(Schema):
    items = fields.List(fields.Nested(CounterStaffSchema))


MerchantPageSchema = page_of(MerchantSchema)
