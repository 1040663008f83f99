"""The keys of one's account, over HTTP: password, second factor, tokens."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, Schema, Text, WholeNumber
from api.schemas.sign_in import totp_field
from ledger.people.passwords import LONGEST, SHORTEST
from ledger.people.tokens import MOST_DAYS, Scope


def _password(least: int, words: str, **more: Any) -> fields.String:
    rule = validate.Length(min=least, max=LONGEST, error="Between {min} and {max} characters.")
    return fields.String(validate=rule, metadata={"description": words}, **more)


def _current() -> fields.String:
    words = "The present password. Not needed within 15 minutes of signing in with a code."
    return _password(1, words, load_default=None)


class PasswordStandingSchema(Schema):
    is_set = fields.Boolean()
    may_be_set = fields.Boolean(metadata={"description": "Staff and owners of shops may."})


class IdentitySchema(Schema):
    id = Id(required=True)
    label = fields.String(required=True, metadata={"description": "What the provider is called here."})
    linked_at = Moment(required=True)


class PasswordRequestSchema(Schema):
    new = _password(SHORTEST, "At least 10 characters; not the phone number, no row of keys.", required=True)
    current = _current()


class PasswordRemovalSchema(Schema):
    current = _current()


class TotpStandingSchema(Schema):
    is_confirmed = fields.Boolean()
    recovery_codes_left = fields.Integer()
    is_required = fields.Boolean(metadata={"description": "Do rights of treasurers and operators depend on it here?"})


class EnrolmentSchema(Schema):
    secret = fields.String(metadata={"description": "Shown once; base 32."})
    url = fields.String(metadata={"description": "otpauth:// address, as a QR code carries it."})


class TotpRequestSchema(Schema):
    totp = totp_field(required=True)


class RecoveryCodesSchema(Schema):
    recovery_codes = fields.List(fields.String(), metadata={"description": "Shown once; each works once."})


class TokenRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "till of the bakery"})
    scopes = fields.List(
        fields.Enum(Scope, by_value=True),
        required=True,
        validate=validate.Length(min=1, max=len(Scope)),
        metadata={
            "description": "read: every GET; record: sends check-ins, reads nothing; checkins, till: what they are "
            "called; everything but the account."
        },
    )
    days = WholeNumber(1, MOST_DAYS, load_default=90, metadata={"description": "How long it lives."})


class DeviceGrantRequestSchema(Schema):
    name = Text(80, least=1, load_default="device", metadata={"example": "coordinator's phone"})


class TokenSchema(Schema):
    id = Id()
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = Moment()
    expires_at = Moment()
    last_seen_on = fields.Date(allow_none=True)


class NewTokenSchema(TokenSchema):
    token = fields.String(metadata={"description": "Shown once; send it as a bearer token."})


class TokenListSchema(Schema):
    items = fields.List(fields.Nested(TokenSchema))
