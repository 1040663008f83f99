"""Members and their balances, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.expiry import ExpiringSchema
from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.people.members import MemberOrder
from ledger.people.phones import PATTERN


class MemberQuery(PageQuery):
    search = Text(40, load_default="")
    unit_id = Id(load_default=None)
    sort = Sort(MemberOrder.NEWEST)


class MemberRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "林秀芳"})
    unit_id = Id(load_default=None)
    phone = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(max=20), validate.Regexp(PATTERN)]
    )
    household_id = Id(load_default=None)


class MemberSchema(Schema):
    id = Id()
    name = fields.String()
    unit_id = Id()
    unit_name = fields.String()
    household_id = Id(allow_none=True)
    state = fields.String()
    joined_at = Moment()


class NewMemberSchema(Schema):
    id = Id()


class BalanceSchema(Schema):
    posted = fields.Integer()
    held = fields.Integer()
    available = fields.Integer()
    debt = fields.Integer()
    lifetime_earned = fields.Integer()
    lifetime_spent = fields.Integer()
    minutes = fields.Integer()
    expiring = fields.List(
        fields.Nested(ExpiringSchema),
        metadata={"description": "What of the available points expires when; what never expires is not in it."},
    )


MemberPageSchema = page_of(MemberSchema)
