"""Plates and the follow-ups of visit notes, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.checkins import VisitNoteSchema
from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.service.models import FollowUp, PlateState


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


class NoteQuery(PageQuery):
    follow_up = fields.Enum(
        FollowUp, by_value=True, load_default=None, metadata={"description": "Only notes that ask for something."}
    )
    unit_id = Id(load_default=None)


class NotedPlateSchema(Schema):
    number = fields.Integer()
    address = fields.String()


class NotedSchema(Schema):
    """A visit note with its visit."""

    checkin_id = Id(attribute="checkin.id")
    activity_name = fields.String(attribute="activity.name")
    member_name = fields.String()
    arrived_at = Moment(attribute="checkin.arrived_at")
    note = fields.Nested(VisitNoteSchema)
    follow_up = fields.String(attribute="checkin.follow_up", allow_none=True, metadata={"enum": ["open", "done", None]})
    followed_up_at = Moment(attribute="checkin.followed_up_at", allow_none=True)
    door = fields.Nested(NotedPlateSchema, attribute="plate", allow_none=True)


PlatePageSchema = page_of(PlateSchema)
NotedPageSchema = page_of(NotedSchema)
