"""The checks of the books, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Moment, Schema
from ledger.book.models import CheckScope


class CheckRunSchema(Schema):
    name = fields.String(metadata={"description": "The check, as `books check` names it.", "example": "zero_sum"})
    scope = fields.String(
        validate=validate.OneOf(list(CheckScope)),
        metadata={"description": "full: over all of the books; new: over what came since.", "example": "full"},
    )
    findings = fields.Integer(
        metadata={"description": "How many things it found wrong in this community; 0 is well.", "example": 0}
    )
    ended_at = Moment(metadata={"description": "When its newest run ended.", "example": "2026-10-12T18:00:00Z"})


class CheckRunListSchema(Schema):
    items = fields.List(fields.Nested(CheckRunSchema), metadata={"description": "By name, then scope; all of them."})
