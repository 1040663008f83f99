"""Plates, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.service.models import PlateState


class PlateRequestSchema(Schema):
    unit_id = Id(required=True, metadata={"description": "A building or an entrance in the part of the service."})
    address = Text(80, least=1, required=True, metadata={"example": "3 号楼 2 单元 301"})


class PlateQuery(PageQuery):
    standing_id = Id(load_default=None, metadata={"description": "Only of this standing activity."})
    status = fields.Enum(PlateState, by_value=True, load_default=None)


class PlateSchema(Schema):
    id = Id(attribute="plate.id")
    number = fields.Integer(attribute="plate.number", metadata={"example": 12})
    standing_id = Id(attribute="plate.standing_id")
    standing_name = fields.String(attribute="standing.name")
    unit_id = Id(attribute="plate.unit_id")
    unit_name = fields.String(attribute="unit.name")
    address = fields.String(attribute="plate.address")
    code = fields.String(attribute="plate.code", metadata={"example": "NH-7KQ2M4XW9PZ3"})
    status = fields.String(attribute="plate.state", metadata={"enum": [state.value for state in PlateState]})
    created_at = Moment(attribute="plate.created_at")
    retired_at = Moment(attribute="plate.retired_at", allow_none=True)


class PlatesMadeSchema(Schema):
    items = fields.List(fields.Nested(PlateSchema))


PlatePageSchema = page_of(PlateSchema)
