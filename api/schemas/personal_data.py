"""Files of my data, and requests to erase it, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.schemas.fields import Id, Moment, Schema, page_of
from ledger.people.data_models import ErasureState, Ground


class ExportSchema(Schema):
    id = Id()
    size = fields.Integer(metadata={"description": "Bytes of the file."})
    made_at = Moment()
    expires_at = Moment(metadata={"description": "From then on the file is gone."})
    downloaded_at = Moment(allow_none=True)
    erased_at = Moment(allow_none=True)


ExportPageSchema = page_of(ExportSchema)


class ErasureSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in ErasureState]})
    asked_at = Moment()
    erasable_at = Moment(metadata={"description": "It is carried out from then on."})
    due_at = Moment(metadata={"description": "By then it is done or refused."})
    decided_at = Moment(allow_none=True)
    ground = fields.String(allow_none=True, metadata={"enum": [*(one.value for one in Ground), None]})
    retained_until = fields.Date(allow_none=True)
    points = fields.Integer(metadata={"description": "What went to the community's pot."})


class ErasuresSchema(Schema):
    items = fields.List(fields.Nested(ErasureSchema))
    points_left = fields.Integer(metadata={"description": "What would go to the community's pot now."})


class MemberErasureSchema(ErasureSchema):
    id = Id(attribute="erasure.id")
    member_id = Id(attribute="member.id")
    member_name = fields.String(attribute="member.name")
    status = fields.String(attribute="erasure.state", metadata={"enum": [one.value for one in ErasureState]})
    asked_at = Moment(attribute="erasure.asked_at")
    erasable_at = Moment(attribute="erasure.erasable_at")
    due_at = Moment(attribute="erasure.due_at")
    decided_at = Moment(attribute="erasure.decided_at", allow_none=True)
    ground = fields.String(attribute="erasure.ground", allow_none=True)
    retained_until = fields.Date(attribute="erasure.retained_until", allow_none=True)
    points = fields.Integer(attribute="erasure.points")


MemberErasurePageSchema = page_of(MemberErasureSchema)


class ErasureRefusalSchema(Schema):
    ground = fields.Enum(Ground, by_value=True, required=True)
    retained_until = fields.Date(
        load_default=None, metadata={"description": "The last day of a statutory retention; only with that ground."}
    )

    @validates_schema
    def names_its_day(self, asked: dict[str, Any], **_: Any) -> None:
        if (asked.get("ground") is Ground.STATUTORY_RETENTION) != (asked.get("retained_until") is not None):
            raise ValidationError("A statutory retention names its last day, and nothing else does.", "retained_until")
