"""Households, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, PageQuery, Schema, Sort, Text, page_of
from ledger.people.households import HouseholdOrder


class HouseholdQuery(PageQuery):
    sort = Sort(HouseholdOrder.NEWEST)


class HouseholdRequestSchema(Schema):
    name = Text(80, least=1, required=True)
    member_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=30))


class HouseholdNameSchema(Schema):
    name = Text(80, least=1, required=True)


class HouseholdMemberSchema(Schema):
    member_id = Id(required=True)


class HouseholdSchema(Schema):
    id = Id()
    name = fields.String()
    member_ids = fields.List(Id())


HouseholdPageSchema = page_of(HouseholdSchema)
