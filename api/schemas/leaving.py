"""Leaving, moving, deaths, staff who leave and wallets that stand still, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from api.schemas.merges import HoldingSchema
from ledger.people.leaving import BY_ONESELF
from ledger.people.life_models import DeathState
from ledger.people.models import LeftReason, Purpose


class LeaveRequestSchema(Schema):
    reason = fields.Enum(
        LeftReason,
        by_value=True,
        load_default=LeftReason.LEFT,
        validate=validate.OneOf(BY_ONESELF, error="Only left or moved."),
        metadata={"description": "left or moved.", "example": "moved"},
    )


class LeftSchema(Schema):
    id = Id()
    state = fields.String()
    left_reason = fields.String(allow_none=True)
    left_at = Moment(allow_none=True)


class LeavingSchema(Schema):
    """What leaving means now: the wallet that waits, and how much ends."""

    member_id = Id(attribute="member.id")
    holding = fields.Nested(HoldingSchema)
    ends = fields.Function(lambda seen: len(seen.offices.rows), metadata={"description": "Roles and posts that end."})


class MovingOnSchema(Schema):
    community_id = Id(required=True, metadata={"description": "Where to."})
    consents = fields.List(fields.Enum(Purpose, by_value=True), load_default=list, validate=validate.Length(max=4))


class MovedOnSchema(Schema):
    community_id = Id()
    id = Id(metadata={"description": "The member there."})


class StaffEndRequestSchema(Schema):
    to_id = Id(load_default=None, metadata={"description": "A colleague who sees through what was begun, if any."})


class StaffEndedSchema(Schema):
    ended = fields.Function(lambda held: len(held.rows), metadata={"description": "Roles, posts, places at a counter."})


class BegunSchema(Schema):
    kind = fields.String(attribute="work.kind")
    thing_id = Id(attribute="work.thing_id")
    since = Moment(attribute="work.since")
    to_id = fields.Function(lambda one: one.to.id.hex if one.to else None)


class BegunListSchema(Schema):
    items = fields.List(fields.Nested(BegunSchema))


class DeathRequestSchema(Schema):
    member_id = Id(required=True)
    died_on = fields.Date(required=True, metadata={"example": "2026-11-01"})
    heir_id = Id(load_default=None, metadata={"description": "A relative, a member here, who receives the flowers."})


class HeirSchema(Schema):
    heir_id = Id(required=True)


class DeathRefusalSchema(Schema):
    note = Text(300, least=1, required=True, metadata={"description": "Why not.", "example": "弄错了人"})


class DeathQuery(PageQuery):
    status = fields.Enum(DeathState, by_value=True, load_default=None)


class DeathSchema(Schema):
    id = Id()
    status = fields.String(attribute="state")
    member_id = Id()
    heir_id = Id(allow_none=True)
    died_on = fields.Date()
    heirs_until = fields.Date(allow_none=True)
    points = fields.Integer(metadata={"description": "What was left, once it is closed."})
    asked_at = Moment()
    decided_at = Moment(allow_none=True)
    closed_at = Moment(allow_none=True)


DeathPageSchema = page_of(DeathSchema)


class StillWalletSchema(Schema):
    id = Id(attribute="member.id")
    points = fields.Integer()
    moved_at = Moment(allow_none=True)


StillWalletPageSchema = page_of(StillWalletSchema)


class RemindSchema(Schema):
    member_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=200))


class RemindedSchema(Schema):
    told = fields.Integer()
