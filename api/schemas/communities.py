"""Communities, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.checkins import CheckinSchema
from api.schemas.fields import Id, Schema, Text
from api.schemas.sign_in import phone_field
from ledger.people.models import Purpose


class CommunityRequestSchema(Schema):
    name = Text(80, least=2, required=True, metadata={"example": "南华社区"})
    staff = fields.List(phone_field(), required=True, validate=validate.Length(equal=2))
    street_id = Id(load_default=None)
    short_code = fields.String(load_default=None, validate=validate.Regexp(r"^[A-Z]{2,4}\Z"))


class CommunitySchema(Schema):
    id = Id()
    name = fields.String()
    short_code = fields.String()
    is_demo = fields.Boolean()
    telephone = fields.String(
        allow_none=True,
        metadata={"description": "Whom its people may call, to be dialled as it stands; null: none is given."},
    )


class TelephoneRequestSchema(Schema):
    telephone = Text(
        32,
        least=1,
        required=True,
        allow_none=True,
        metadata={
            "description": "A line with its area code, a mobile, or a 400 number; null: none any more.",
            "example": "0758-2812345",
        },
    )


class JoinRequestSchema(Schema):
    name = Text(80, load_default="", metadata={"description": "How the community calls me; may be given later."})
    consents = fields.List(fields.Enum(Purpose, by_value=True), load_default=list, validate=validate.Length(max=4))

    grant = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=600),
        metadata={"description": "From POST /scans: check in with it by the same request, which then needs a key."},
    )


class JoinedSchema(Schema):
    id = Id(metadata={"description": "My member id."})


class JoinedAndCheckedInSchema(JoinedSchema):
    checkin = fields.Nested(CheckinSchema, metadata={"description": "Only where a grant was sent."})


class StreetRequestSchema(Schema):
    name = Text(80, least=2, required=True)


class StreetSchema(Schema):
    id = Id()
    name = fields.String()
