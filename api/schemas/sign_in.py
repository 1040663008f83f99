"""Signing in, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.schemas.fields import Code, Id, Moment, Pin, Schema, Text
from ledger.people.models import Purpose
from ledger.people.numbers import Proof
from ledger.people.passwords import LONGEST
from ledger.people.phones import PATTERN


def phone_field() -> fields.String:
    example = {"description": "A mobile number of mainland China.", "example": "13800000000"}
    rules = [validate.Length(max=20), validate.Regexp(PATTERN, error="Not a mobile number of mainland China.")]
    return fields.String(required=True, validate=rules, metadata=example)


def device_field() -> fields.String:
    return Text(
        64,
        load_default="",
        metadata={"description": "A label that this device keeps; limits count by it. Left out: counted by address."},
    )


def totp_field(*, required: bool = False) -> fields.String:
    words = "Six digits of the authenticator, or a recovery code."
    rules = validate.Regexp(r"^[0-9A-Za-z -]{6,16}\Z", error="Not a second factor.")
    more: dict[str, Any] = {"required": True} if required else {"load_default": None}
    return fields.String(validate=rules, metadata={"description": words, "example": "123456"}, **more)


class CodeRequestSchema(Schema):
    phone = phone_field()
    device = device_field()


class ProofSchema(Schema):
    """Whose a doubtful number is: the name the community knows, the paper card with its PIN, or that it is somebody
    else's now."""

    name = Text(80, load_default="", metadata={"description": "As the community knows you.", "example": "林秀芳"})
    card_code = Code(200, load_default="", metadata={"example": "7KQ2-M4XW", "description": "With `pin`."})
    pin = Pin(load_default="")
    is_somebody_else = fields.Boolean(load_default=False, metadata={"description": "The number is new to me."})

    @post_load
    def make(self, values: dict[str, Any], **_: Any) -> Proof:
        return Proof(**values)


class SignInRequestSchema(Schema):
    """Phone and code, or phone and password; the second factor where the person has one."""

    phone = phone_field()
    code = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^[0-9]{6}\Z", error="Not six digits."),
        metadata={"description": "Six digits. Either this or `password`."},
    )
    password = fields.String(
        load_default=None, validate=validate.Length(min=1, max=LONGEST), metadata={"description": "Instead of a code."}
    )
    totp = totp_field()
    device = device_field()
    consents = fields.List(fields.Enum(Purpose, by_value=True), load_default=list, validate=validate.Length(max=4))
    proof = fields.Nested(
        ProofSchema,
        load_default=None,
        metadata={"description": "Asked for (second_proof_needed) when the number was not used for half a year."},
    )

    @validates_schema
    def either(self, data: dict[str, Any], **kwargs: Any) -> None:
        """One first factor, not two and not none."""
        if (data.get("code") is None) == (data.get("password") is None):
            raise ValidationError({"code": ["Missing data for required field."]})


class PersonSchema(Schema):
    id = Id(required=True)


class SignedInSchema(Schema):
    token = fields.String(required=True, metadata={"description": "Shown once; send it as a bearer token."})
    expires_at = Moment(required=True)
    person = fields.Nested(PersonSchema, required=True)
