"""Signing in, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, Schema
from ledger.people.models import Purpose
from ledger.people.phones import PATTERN


def phone_field() -> fields.String:
    example = {"description": "A mobile number of mainland China.", "example": "13800000000"}
    rules = [validate.Length(max=20), validate.Regexp(PATTERN, error="Not a mobile number of mainland China.")]
    return fields.String(required=True, validate=rules, metadata=example)


class CodeRequestSchema(Schema):
    phone = phone_field()


class SignInRequestSchema(Schema):
    phone = phone_field()
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"^[0-9]{6}\Z", error="Not six digits."),
        metadata={"description": "Six digits."},
    )
    consents = fields.List(fields.Enum(Purpose, by_value=True), load_default=list, validate=validate.Length(max=4))


class PersonSchema(Schema):
    id = Id(required=True)


class SignedInSchema(Schema):
    token = fields.String(required=True, metadata={"description": "Shown once; send it as a bearer token."})
    expires_at = Moment(required=True)
    person = fields.Nested(PersonSchema, required=True)
