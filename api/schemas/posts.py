"""Posts, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, page_of
from ledger.people.models import PostKind


class PostRequestSchema(Schema):
    member_id = Id(required=True)
    unit_id = Id(required=True)
    kind = fields.Enum(PostKind, by_value=True, required=True)


class PostQuery(PageQuery):
    member_id = Id(load_default=None)
    unit_id = Id(load_default=None)
    now_only = fields.Boolean(load_default=False, metadata={"description": "Leave out what has ended."})


class PostSchema(Schema):
    id = Id()
    member_id = Id()
    unit_id = Id()
    kind = fields.String()
    since = Moment()
    until = Moment(allow_none=True)


PostPageSchema = page_of(PostSchema)
