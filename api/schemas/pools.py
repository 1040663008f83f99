"""The household's pool, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Points, Schema


class PoolConsentRequestSchema(Schema):
    points_at_most = Points(required=True, metadata={"description": "Of mine for one redemption.", "example": 30})


class PoolConsentSchema(Schema):
    household_id = Id()
    points_at_most = fields.Integer()
    agreed_at = Moment()


class PoolMemberSchema(Schema):
    member_id = Id()
    name = fields.String()
    points_at_most = fields.Integer(allow_none=True, metadata={"description": "None: asked each time."})


class AskedSchema(Schema):
    """A part of a redemption that waits for my word."""

    redemption_id = Id()
    points = fields.Integer()
    shop = fields.String()
    offer = fields.String()
    expires_at = Moment()


class PoolSchema(Schema):
    household_id = Id(allow_none=True)
    name = fields.String()
    members = fields.List(fields.Nested(PoolMemberSchema), metadata={"description": "Myself first."})
    asked = fields.List(fields.Nested(AskedSchema))
