"""Branches of shops, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of


class BranchQuery(PageQuery):
    merchant_id = Id(load_default=None)


class BranchRequestSchema(Schema):
    merchant_id = Id(required=True)
    name = Text(80, least=1, required=True, metadata={"example": "东门店"})
    address = Text(120, least=1, required=True, metadata={"example": "南华街 1 号"})


class BranchSchema(Schema):
    id = Id()
    merchant_id = Id()
    name = fields.String()
    address = fields.String()
    created_at = Moment()


class BranchWithPosterSchema(BranchSchema):
    merchant_code = fields.String(metadata={"description": "What the poster names.", "example": "NH-7KQ2M4X"})
    poster_url = fields.String(metadata={"description": "The address in the poster's QR code."})


BranchPageSchema = page_of(BranchSchema)
