"""Units of the place tree and the party line, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, PageQuery, Schema, Text, page_of
from ledger.people.models import UnitKind


class UnitRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "嘉木花园"})
    kind = fields.Enum(UnitKind, by_value=True, required=True)
    parent_id = Id(required=True)
    party_parent_id = Id(load_default=None)


class UnitQuery(PageQuery):
    limit = fields.Integer(load_default=200, validate=validate.Range(min=1, max=200))


class UnitSchema(Schema):
    id = Id()
    kind = fields.String()
    name = fields.String()
    parent_id = Id(allow_none=True)
    party_parent_id = Id(allow_none=True)
    path = fields.String(metadata={"description": "Position in the tree: a unit's path starts with its parent's."})


UnitPageSchema = page_of(UnitSchema)
