"""Donations to the community pot and its use, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Points, Schema, Text, page_of
from ledger.rewards.donation_models import DonationState, PotUseState
from ledger.rewards.donations import LONGEST


class DonationQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "What I gave myself."})


class DonationRequestSchema(Schema):
    points = Points(required=True, metadata={"description": "How many of my points.", "example": 20})
    purpose = Text(
        LONGEST, load_default="", metadata={"description": "What they are meant for.", "example": "给独居老人买菜"}
    )


class DonationStepSchema(Schema):
    """What a step answers: ids and figures, nothing personal."""

    id = Id()
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in DonationState]})
    points = fields.Integer()
    receipt_number = fields.String(metadata={"example": "NH-7KQ2-M4XW-9RTH-P"})
    transfer_id = Id(metadata={"description": "Its proof is at receipts/{transfer_id}."})
    given_at = Moment()
    undone_at = Moment(allow_none=True)


class DonationSchema(DonationStepSchema):
    member_id = Id()
    member_name = fields.String(metadata={"description": "Masked for the street."})
    purpose = fields.String(metadata={"description": "Empty for whoever reads masked names."})


class PotSchema(Schema):
    given = fields.Integer(metadata={"description": "Points given in all, less what was taken back."})
    used = fields.Integer()
    left = fields.Integer()
    usable = fields.Integer(metadata={"description": "Left, without what its givers can still take back."})


class PotUseQuery(PageQuery):
    status = fields.Enum(PotUseState, by_value=True, load_default=None)


class PotUseRequestSchema(Schema):
    points = Points(required=True, metadata={"example": 200})
    text = Text(
        300,
        least=1,
        lines=True,
        required=True,
        attribute="words",
        metadata={"description": "What for; every member reads it.", "example": "重阳节给 12 位老人送米"},
    )


class PotUseSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": [one.value for one in PotUseState]})
    points = fields.Integer()
    text = fields.String(attribute="words")
    asked_at = Moment()
    decided_at = Moment(allow_none=True)


DonationPageSchema = page_of(DonationSchema)
PotUsePageSchema = page_of(PotUseSchema)
