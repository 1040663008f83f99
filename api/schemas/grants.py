"""Roles and posts, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from api.schemas.sign_in import phone_field
from ledger.core.tenancy import Role
from ledger.people.models import STAFF_ROLES


class GrantRequestSchema(Schema):
    member_id = Id(required=True)
    unit_id = Id(required=True)
    role = fields.Enum(Role, by_value=True, required=True, validate=validate.OneOf(STAFF_ROLES))


class InvitationRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "马晓明"})
    phone = phone_field()
    unit_id = Id(required=True)
    role = fields.Enum(Role, by_value=True, required=True, validate=validate.OneOf(STAFF_ROLES))


class GrantQuery(PageQuery):
    member_id = Id(load_default=None)


class GrantSchema(Schema):
    id = Id()
    member_id = Id()
    unit_id = Id()
    role = fields.String()
    since = Moment()
    until = Moment(allow_none=True)


GrantPageSchema = page_of(GrantSchema)
