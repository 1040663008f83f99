"""Visit notes, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.checkins import VisitNoteSchema
from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, page_of
from ledger.core.orders import Age
from ledger.service.models import FollowUp


class NoteQuery(PageQuery):
    follow_up = fields.Enum(
        FollowUp, by_value=True, load_default=None, metadata={"description": "Only notes that ask for something."}
    )
    unit_id = Id(load_default=None)
    sort = Sort(Age.NEWEST)


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


NotedPageSchema = page_of(NotedSchema)
