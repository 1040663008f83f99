"""Audit lines, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age


class AuditQuery(PageQuery):
    actor_id = Id(load_default=None)
    on_behalf_of = Id(load_default=None)
    action = Text(60, load_default=None, metadata={"description": "How the action begins.", "example": "people."})
    thing_id = Id(load_default=None)
    outcome = Text(60, load_default=None, metadata={"description": '"done" or a reason code.', "example": "forbidden"})
    refused = fields.Boolean(
        load_default=None, metadata={"description": "Only what was refused, or only what was done."}
    )
    since = Moment(load_default=None)
    until = Moment(load_default=None)
    sort = Sort(Age.NEWEST)


class AuditLineSchema(Schema):
    id = Id(attribute="line.id")
    at = Moment(attribute="line.at")
    actor_id = Id(attribute="line.actor_id")
    on_behalf_of = Id(attribute="line.on_behalf_of", allow_none=True)
    action = fields.String(attribute="line.action")
    thing_id = Id(attribute="line.thing_id", allow_none=True)
    outcome = fields.String(attribute="line.outcome", metadata={"description": '"done" or the reason code.'})
    request_id = fields.String(attribute="line.request_id")
    origin = fields.String(
        attribute="line.origin",
        allow_none=True,
        metadata={"description": "The same for acts from the same place; no address can be read from it."},
    )
    device = fields.String(
        metadata={"description": "What the device or token is called; empty once forgotten, or if it is not for you."}
    )
    detail = fields.Dict(attribute="line.detail")


AuditPageSchema = page_of(AuditLineSchema)
