"""Service records, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Month, PageQuery, Schema, page_of


class RecordQuery(PageQuery):
    month = Month(load_default=None, metadata={"description": "Of the arrival, in Asia/Shanghai."})
    mine = fields.Boolean(load_default=False, metadata={"description": "My own."})


class RecordSchema(Schema):
    """One stamped visit, in the order of the standard's blocks; of training and evaluation nothing is held."""

    id = Id(metadata={"description": "Of the check-in."})
    member_id = Id()
    name = fields.String()
    part = fields.String(metadata={"description": "The grid or building that the member lives in."})
    teams = fields.List(fields.String())
    programme = fields.String()
    activity = fields.String()
    place = fields.String()
    honours = fields.List(fields.String())
    arrived_at = Moment()
    left_at = Moment(allow_none=True)
    minutes = fields.Integer()
    certificates = fields.List(fields.String(), metadata={"description": "Numbers that anybody can verify."})


RecordPageSchema = page_of(RecordSchema)
