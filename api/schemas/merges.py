"""Merging two members of one person, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.people.life_models import MergeState


class MergePairSchema(Schema):
    from_id = Id(required=True, metadata={"description": "The member that goes away; it stays as an alias."})
    into_id = Id(required=True, metadata={"description": "The member that stays."})


class MergeRequestSchema(MergePairSchema):
    reason = Text(
        300, least=1, required=True, metadata={"description": "How you know.", "example": "同一个人，换过号码"}
    )


class MergeRefusalSchema(Schema):
    note = Text(300, least=1, required=True, metadata={"description": "Why not.", "example": "是两个人"})


class MergeWithdrawalSchema(Schema):
    note = Text(300, load_default="", metadata={"description": "Why, if it needs saying.", "example": "看错了"})


class MergeUndoSchema(Schema):
    reason = Text(300, least=1, required=True, metadata={"description": "Why.", "example": "其实是两个人"})


class MergeQuery(PageQuery):
    status = fields.Enum(MergeState, by_value=True, load_default=None)


class HoldingSchema(Schema):
    points = fields.Integer()
    debt = fields.Integer(metadata={"description": "Points to give back, 0 or more."})
    minutes = fields.Integer()
    held = fields.Integer(metadata={"description": "Points set aside; must be 0 for a merge."})


class MergePreviewSchema(Schema):
    from_id = Id(attribute="goes.id")
    into_id = Id(attribute="stays.id")
    moving = fields.Nested(HoldingSchema)
    there = fields.Nested(HoldingSchema, metadata={"description": "What the member that stays has."})
    roles = fields.Function(lambda seen: len(seen.offices.roles))
    posts = fields.Function(lambda seen: len(seen.offices.posts))
    counters = fields.Function(lambda seen: len(seen.offices.counters))
    code = fields.Function(
        lambda seen: seen.refusal.code if seen.refusal else None,
        metadata={"description": "What stands against it (a reason code), or null."},
    )


class MergeStepSchema(Schema):
    """What a step answers: ids and figures, nothing personal."""

    id = Id()
    status = fields.String(attribute="state")
    from_id = Id()
    into_id = Id()
    points = fields.Integer(metadata={"description": "What moved, once it is done."})
    debt = fields.Integer()
    minutes = fields.Integer()
    asked_at = Moment()
    decided_at = Moment(allow_none=True)
    undone_at = Moment(allow_none=True)


class MergeSchema(MergeStepSchema):
    reason = fields.String()
    note = fields.String()
    asked_by = Id()
    decided_by = Id(allow_none=True)
    undo_reason = fields.String()
    undo_asked_by = Id(allow_none=True)
    undone_by = Id(allow_none=True)


MergePageSchema = page_of(MergeSchema)
