"""What a person sees of themself."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Schema
from api.schemas.sign_in import PersonSchema
from ledger.people.models import Purpose


class MembershipSchema(Schema):
    community_id = Id()
    community_name = fields.String()
    member_id = Id()
    member_name = fields.String()
    roles = fields.List(fields.String())
    posts = fields.List(fields.String())
    unit_id = Id()
    permissions = fields.List(fields.String(), metadata={"description": "Verbs that some role of mine carries here."})


class CounterSchema(Schema):
    community_id = Id()
    merchant_id = Id()
    branch_id = Id(allow_none=True)
    role = fields.String()


class OversightSchema(Schema):
    street_id = Id(allow_none=True)
    role = fields.String()


class MeSchema(Schema):
    person = fields.Nested(PersonSchema)
    memberships = fields.List(fields.Nested(MembershipSchema))
    counters = fields.List(fields.Nested(CounterSchema))
    oversight = fields.List(fields.Nested(OversightSchema))


class SessionSchema(Schema):
    id = Id()
    kind = fields.String()
    label = fields.String()
    created_at = Moment()
    expires_at = Moment()
    last_seen_on = fields.Date(allow_none=True, metadata={"description": "The last day it was used."})
    is_current = fields.Boolean(metadata={"description": "Is it the one that asks?"})


class SessionListSchema(Schema):
    items = fields.List(fields.Nested(SessionSchema))


class SignedOutSchema(Schema):
    signed_out = fields.Integer(metadata={"description": "How many other sign-ins there were."})


class ConsentChangeSchema(Schema):
    purpose = fields.Enum(Purpose, by_value=True, required=True)
    given = fields.Boolean(required=True)


class ConsentStandingSchema(Schema):
    purpose = fields.String(metadata={"enum": [one.value for one in Purpose]})
    given_at = Moment(allow_none=True, metadata={"description": "Null: not consented to now."})


class ConsentHistorySchema(Schema):
    purpose = fields.String(metadata={"enum": [one.value for one in Purpose]})
    given_at = Moment()
    withdrawn_at = Moment(allow_none=True)


class ConsentsSchema(Schema):
    given = fields.List(fields.String())
    purposes = fields.List(fields.Nested(ConsentStandingSchema))
    history = fields.List(fields.Nested(ConsentHistorySchema))
