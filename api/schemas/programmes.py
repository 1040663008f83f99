"""Programmes and their rules, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.schemas.fields import Id, Moment, Month, Schema, Text, WholeNumber, page_of
from ledger.people.models import PostKind
from ledger.service.earning import ROUNDINGS, Multiplier, RuleTerms
from ledger.service.models import Basis, Evidence, EvidencePolicy, ProgrammeRule

MOST_POINTS = 10_000


MOST_BUDGET = 10_000_000


def _cap(words: str, most: int = MOST_POINTS) -> WholeNumber:
    return WholeNumber(1, most, load_default=None, allow_none=True, metadata={"description": words, "example": most})


class RuleFiguresSchema(Schema):
    """The numbers of a rule; null is no cap."""

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
    max_points = _cap("The most that one visit earns.")
    max_points_day = _cap("The most that a member earns from the programme on a day (Asia/Shanghai).")
    max_points_week = _cap("The same in a week, from Monday.")
    max_points_month = _cap("The same in a month.")
    max_points_member = _cap("The same in all.", MOST_BUDGET)
    budget_points = _cap(
        "What the programme gives to everybody in a month. A visit that it cannot pay in full is not stamped.",
        MOST_BUDGET,
    )


class MultiplierSchema(Schema):
    post = fields.Enum(PostKind, by_value=True, required=True, metadata={"description": "A post of the member."})
    percent = WholeNumber(100, 500, required=True, metadata={"description": "Of the points.", "example": 150})

    @post_load
    def as_multiplier(self, asked: dict[str, Any], **_: Any) -> Multiplier:
        return Multiplier(**asked)


class RuleTermsSchema(RuleFiguresSchema):
    """What a programme earns."""

    multipliers = fields.List(
        fields.Nested(MultiplierSchema),
        load_default=[],
        validate=validate.Length(max=len(PostKind)),
        metadata={"description": "By posts held when the credit begins; the highest counts. Each post once."},
    )
    evidence = fields.Dict(
        keys=fields.Enum(Evidence, by_value=True),
        values=fields.Enum(EvidencePolicy, by_value=True),
        load_default={},
        metadata={
            "description": "By grade: full, second (takes two stampers) or none (only hours count). Left out: full.",
            "example": {"poster": "second"},
        },
    )

    @validates_schema
    def is_each_post_once(self, asked: dict[str, Any], **_: Any) -> None:
        posts = [one.post for one in asked["multipliers"]]
        if len(set(posts)) < len(posts):
            raise ValidationError("Name each post once.", "multipliers")

    @post_load
    def as_terms(self, asked: dict[str, Any], **_: Any) -> RuleTerms:
        return RuleTerms(**asked | {"multipliers": tuple(asked["multipliers"])})


class ProgrammeRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "夜间巡逻"})
    rule = fields.Nested(RuleTermsSchema, required=True)


class RuleSchema(Schema):
    version = fields.Integer()
    basis = fields.String()
    points = fields.Integer()
    rounding_minutes = fields.Integer()
    max_points = fields.Integer(allow_none=True)
    max_points_day = fields.Integer(allow_none=True)
    max_points_week = fields.Integer(allow_none=True)
    max_points_month = fields.Integer(allow_none=True)
    max_points_member = fields.Integer(allow_none=True)
    budget_points = fields.Integer(allow_none=True)
    multipliers = fields.Method("list_multipliers", metadata={"type": "array", "items": {"type": "object"}})
    evidence = fields.Dict(metadata={"description": "By grade, where it is not full.", "example": {"poster": "second"}})
    created_at = Moment()

    def list_multipliers(self, rule: ProgrammeRule) -> list[dict[str, Any]]:
        return [{"post": post, "percent": percent} for post, percent in rule.multipliers]


class ProgrammeSchema(Schema):
    id = Id(attribute="programme.id")
    name = fields.String(attribute="programme.name")
    created_at = Moment(attribute="programme.created_at")
    ended_at = Moment(attribute="programme.ended_at", allow_none=True)
    rule = fields.Nested(RuleSchema)


ProgrammePageSchema = page_of(ProgrammeSchema)


class DryRunRequestSchema(Schema):
    terms = fields.Nested(RuleTermsSchema, required=True)
    month = Month(
        load_default=None, allow_none=True, metadata={"description": "None: last month.", "example": "2026-10"}
    )


class DifferenceSchema(Schema):
    member_id = Id()
    member_name = fields.String()
    visits = fields.Integer()
    points_now = fields.Integer()
    points_then = fields.Integer()
    difference = fields.Integer(metadata={"example": -3})


class DryRunSchema(Schema):
    month = fields.Function(lambda one: f"{one.month:%Y-%m}", metadata={"type": "string", "example": "2026-11"})
    visits = fields.Integer(metadata={"description": "Stamped visits whose credit began in the month."})
    members = fields.Integer()
    points_now = fields.Integer(metadata={"description": "What they earned."})
    points_then = fields.Integer(metadata={"description": "What the terms would have given."})
    difference = fields.Integer()
    waiting = fields.Integer(metadata={"description": "Visits that the budget would not have paid."})
    rows = fields.List(fields.Nested(DifferenceSchema), metadata={"description": "At most 20; biggest change first."})
