"""Units of the place tree and the party line, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Schema, Text
from ledger.people.models import UnitKind


class UnitRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "嘉木花园"})
    kind = fields.Enum(UnitKind, by_value=True, required=True)
    parent_id = Id(required=True)
    party_parent_id = Id(load_default=None)


class UnitSchema(Schema):
    id = Id()
    kind = fields.String()
    name = fields.String()
    parent_id = Id(allow_none=True)
    party_parent_id = Id(allow_none=True)
    path = fields.String(metadata={"description": "Position in the tree: a unit's path starts with its parent's."})


class UnitListSchema(Schema):
    items = fields.List(fields.Nested(UnitSchema))
