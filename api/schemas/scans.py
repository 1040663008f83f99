"""Scans, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Code, Id, Moment, Schema, Text


class ScanRequestSchema(Schema):
    code = Code(
        40, required=True, metadata={"example": "NH-7KQ2M4XW", "description": "What the QR at the place names."}
    )
    nonce = Text(64, least=8, required=True, metadata={"description": "Chance of the scanning browser."})


class ScannedActivitySchema(Schema):
    id = Id()
    name = fields.String()
    place = fields.String()
    instructions = fields.String()
    starts_at = Moment()
    ends_at = Moment()


class ScanningCommunitySchema(Schema):
    id = Id()
    name = fields.String()


class ScannedPlateSchema(Schema):
    number = fields.Integer(metadata={"description": "The number on the plate; its address is not told here."})


class ScanSchema(Schema):
    grant = fields.String(metadata={"description": "Send it as `via.grant` with the check-in, within 10 minutes."})
    evidence = fields.String()
    community = fields.Nested(ScanningCommunitySchema)
    activity = fields.Nested(
        ScannedActivitySchema, metadata={"description": "Of a standing one, with the hours of the present day."}
    )
    plate = fields.Nested(ScannedPlateSchema, allow_none=True)
    expires_at = Moment()
