"""How often the street stood in, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Schema


class StandInsSchema(Schema):
    total = fields.Integer()
    by_verb = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "By the right that was used: second_reversal, approve_settlement …"},
    )
