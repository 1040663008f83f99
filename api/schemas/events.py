"""The change feed, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from api.schemas.fields import Id, Moment, Schema
from ledger.core.outbox import THINGS

HIGHEST = 2**53
"""A position that every reader of JSON can count to."""


class Things(fields.String):
    """Names of things, comma between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> set[str]:  # type: ignore[override]
        named = {one.strip() for one in str(super()._deserialize(value, attr, data, **kwargs)).split(",")} - {""}
        if unknown := sorted(named - THINGS):
            raise ValidationError(f"Unknown: {', '.join(unknown)[:80]}.")
        return named


class FeedQuery(Schema):
    after = fields.Integer(
        load_default=0,
        validate=validate.Range(min=0, max=HIGHEST),
        metadata={"description": "`next_after` of the answer before; 0: from the oldest that is kept (90 days)."},
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))
    things = Things(
        load_default=set,
        metadata={"description": "Only events about these: the word before the dot.", "example": "redemption,voucher"},
    )


class EventSchema(Schema):
    id = Id()
    position = fields.Integer(metadata={"description": "Its place in the community's feed."})
    at = Moment()
    kind = fields.String(metadata={"example": "redemption.confirmed"})
    payload = fields.Dict(metadata={"description": "Ids and figures only: ask the resources for the rest."})


class FeedPageSchema(Schema):
    items = fields.List(fields.Nested(EventSchema), attribute="events")
    next_after = fields.Integer(metadata={"description": "Ask for the next page with this; keep it."})
    more = fields.Boolean(metadata={"description": "Whether more is there already."})
