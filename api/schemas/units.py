"""Units of the place tree and the party line, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.people.models import UnitKind
from ledger.people.moving import MOST_AT_ONCE


class UnitRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "嘉木花园"})
    kind = fields.Enum(UnitKind, by_value=True, required=True)
    parent_id = Id(required=True)
    party_parent_id = Id(load_default=None)


class UnitChangeSchema(Schema):
    """What is not named stays as it is."""

    name = Text(80, least=1, metadata={"example": "嘉木花园"})
    parent_id = Id(metadata={"description": "The unit moves here, with everything below it; rights follow at once."})
    party_parent_id = Id(allow_none=True, metadata={"description": "Its place in the party line; null is none."})


class UnitQuery(PageQuery):
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=200))
    ended = fields.Boolean(load_default=False, metadata={"description": "Also list units that have ended."})


class UnitSchema(Schema):
    id = Id()
    kind = fields.String()
    name = fields.String()
    parent_id = Id(allow_none=True)
    party_parent_id = Id(allow_none=True)
    path = fields.String(metadata={"description": "Position in the tree: a unit's path starts with its parent's."})
    ended_at = Moment(allow_none=True)


class MoveRequestSchema(Schema):
    """Who moves to the unit: all of them or none."""

    member_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))


class MovedSchema(Schema):
    moved = fields.Integer(metadata={"description": "How many did not live there before."})


UnitPageSchema = page_of(UnitSchema)
