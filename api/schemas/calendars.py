"""The calendar and its secret addresses, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Schema, Text


class CalendarFileQuery(Schema):
    mine = fields.Boolean(load_default=False, metadata={"description": "Only activities that I have a place at."})


class FeedRequestSchema(Schema):
    name = Text(80, least=1, required=True, metadata={"example": "我的手机"})


class FeedSchema(Schema):
    id = Id(metadata={"description": "Revoke it with DELETE /me/tokens/{id}."})
    url = fields.String(metadata={"description": "Shown this once: subscribe to it in the phone's calendar."})
    expires_at = Moment()
