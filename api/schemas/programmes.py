"""Programmes and their rules, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from api.schemas.fields import Id, Moment, Schema, Text, WholeNumber, page_of
from ledger.service.models import Basis
from ledger.service.programmes import ROUNDINGS, RuleTerms

MOST_POINTS = 10_000


class RuleTermsSchema(Schema):
    """What a programme earns."""

    basis = fields.Enum(
        Basis, by_value=True, required=True, metadata={"description": "Points for each visit or for each hour."}
    )
    points = WholeNumber(1, MOST_POINTS, required=True, metadata={"example": 5})
    rounding_minutes = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.OneOf(ROUNDINGS),
        metadata={"description": "Minutes are rounded down to a multiple of it before points are counted; 0: not."},
    )
    max_points = WholeNumber(
        1, MOST_POINTS, load_default=None, allow_none=True, metadata={"description": "The most that one visit earns."}
    )

    @post_load
    def as_terms(self, asked: dict[str, Any], **_: Any) -> RuleTerms:
        return RuleTerms(**asked)


class ProgrammeRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "夜间巡逻"})
    rule = fields.Nested(RuleTermsSchema, required=True)


class RuleSchema(Schema):
    version = fields.Integer()
    basis = fields.String()
    points = fields.Integer()
    rounding_minutes = fields.Integer()
    max_points = fields.Integer(allow_none=True)
    created_at = Moment()


class ProgrammeSchema(Schema):
    id = Id(attribute="programme.id")
    name = fields.String(attribute="programme.name")
    created_at = Moment(attribute="programme.created_at")
    ended_at = Moment(attribute="programme.ended_at", allow_none=True)
    rule = fields.Nested(RuleSchema)


ProgrammePageSchema = page_of(ProgrammeSchema)
