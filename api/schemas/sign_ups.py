"""Signing up for activities, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, Schema, page_of
from ledger.service.models import SignUpState


class SignUpRequestSchema(Schema):
    on_behalf_of = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "The member for whom a helper or staff signs up; myself if left out."},
    )


class SignUpSchema(Schema):
    id = Id()
    activity_id = Id()
    member_id = Id()
    status = fields.String(
        attribute="state",
        validate=validate.OneOf([str(state) for state in SignUpState]),
        metadata={"description": "A place, waiting in the line, a place kept until `offered_until`, or neither."},
    )
    asked_at = Moment()
    offered_until = Moment(allow_none=True)
    ended_at = Moment(allow_none=True)


SignUpPageSchema = page_of(SignUpSchema)
