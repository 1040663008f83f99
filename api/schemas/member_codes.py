"""The member's one-time code, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, Schema


class NewMemberCodeSchema(Schema):
    id = Id()
    code = fields.String(metadata={"example": "7KQ2-M4XW-PL29"})
    url = fields.String(metadata={"description": "For the QR code; the code stands in the fragment."})
    expires_at = Moment()


class MemberCodeSchema(Schema):
    id = Id()
    status = fields.String(metadata={"description": "live, used, replaced or expired"})
    expires_at = Moment()
    redemption_id = Id(allow_none=True, metadata={"description": "What came of it, to be confirmed by me."})
