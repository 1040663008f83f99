"""Numbers that change, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Schema
from api.schemas.sign_in import phone_field


class NewNumberSchema(Schema):
    phone = phone_field()


class OwnNumberSchema(NewNumberSchema):
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"^[0-9]{6}\Z", error="Not six digits."),
        metadata={"description": "Six digits, sent to the new number."},
    )
