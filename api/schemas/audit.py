"""Audit lines, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Schema, page_of


class AuditLineSchema(Schema):
    id = Id()
    at = Moment()
    actor_id = Id()
    on_behalf_of = Id(allow_none=True)
    action = fields.String()
    thing_id = Id(allow_none=True)
    outcome = fields.String(metadata={"description": '"done" or the reason code.'})
    request_id = fields.String()
    detail = fields.Dict()


AuditPageSchema = page_of(AuditLineSchema)
