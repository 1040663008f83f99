"""The notice board, a member's year and the street's view, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Month, Schema
from api.schemas.redemption_days import CellSchema, KindCellSchema, WeekSchema
from api.schemas.seals import Hexadecimal
from api.schemas.summaries import STATES, SummarySchema


class BoardFundSchema(Schema):
    name = fields.String()
    granted_fen = fields.Integer()
    spent_fen = fields.Integer()
    left_fen = fields.Integer()


class ThankedSchema(Schema):
    name = fields.String(metadata={"description": "Masked unless its person agreed to be published."})
    hours = fields.Integer(metadata={"description": "Whole hours of this month."})


class BoardSealSchema(Schema):
    day = fields.Date()
    size = fields.Integer()
    digest = Hexadecimal()


class BoardSchema(Schema):
    community_id = Id()
    community_name = fields.String()
    is_demo = fields.Boolean()
    month = Month(metadata={"description": "The month that is told of, up to this moment."})
    volunteers = fields.Integer()
    people = fields.Integer(allow_none=True, metadata={"description": "Who served; null while fewer than three did."})
    visits = fields.Integer()
    minutes = fields.Integer()
    minutes_ever = fields.Integer()
    points_ever = fields.Integer(metadata={"description": "Points ever earned and not taken back."})
    redeemed_points = fields.Integer()
    brought_fen = fields.Integer(metadata={"description": "What redemption of this month brought to the shops."})
    settled_fen_ever = fields.Integer(metadata={"description": "What the shops were paid in all."})
    entered_later_percent = fields.Integer(
        allow_none=True, metadata={"description": "Share of the month's visits that were entered later by hand."}
    )
    open_objections = fields.Integer()
    open_complaints = fields.Integer(metadata={"description": "Complaints about goods that are not closed."})
    overdue_complaints = fields.Integer(metadata={"description": "Those unanswered after their day."})
    stood_in = fields.Integer(metadata={"description": "How often the street was the second person."})
    funds = fields.List(fields.Nested(BoardFundSchema))
    weeks = fields.List(
        fields.Nested(WeekSchema),
        metadata={"description": "What was redeemed in each of the last four weeks that have ended, the newest first."},
    )
    thanked = fields.List(fields.Nested(ThankedSchema))
    seal = fields.Nested(BoardSealSchema, allow_none=True)
    summaries = fields.List(fields.Nested(SummarySchema))


class GiftSchema(Schema):
    donor = fields.String(allow_none=True, metadata={"description": "Null: the giver is not named."})
    amount_fen = fields.Integer()
    given_on = fields.Date()


class FundStorySchema(Schema):
    name = fields.String()
    granted_fen = fields.Integer(attribute="figures.granted")
    spent_fen = fields.Integer(attribute="figures.spent")
    left_fen = fields.Integer(attribute="figures.left")
    gifts = fields.List(fields.Nested(GiftSchema), metadata={"description": "The newest hundred."})
    became = fields.Nested(CellSchema, metadata={"description": "Redemptions that it paid for in the last 365 days."})
    kinds = fields.List(fields.Nested(KindCellSchema))


class DonorsSchema(Schema):
    community_name = fields.String()
    is_demo = fields.Boolean()
    funds = fields.List(fields.Nested(FundStorySchema))


class StarsSchema(Schema):
    earned = fields.Integer(metadata={"description": "Stars at 100, 300, 600, 1000 and 1500 hours of all years."})
    next_at_minutes = fields.Integer(allow_none=True, metadata={"description": "What the next star needs in all."})


class BecameSchema(Schema):
    offer_name = fields.String()
    merchant_name = fields.String()
    times = fields.Integer()
    points = fields.Integer()


class HonourSchema(Schema):
    id = Id()
    title = fields.String()
    year = fields.Integer()
    number = fields.String(metadata={"description": "Of the certificate, which anybody can verify."})
    is_revoked = fields.Boolean()
    reason = fields.String(metadata={"description": "Why it was revoked."})


class YearSchema(Schema):
    member_id = Id()
    year = fields.Integer()
    name = fields.String()
    minutes = fields.Integer()
    months = fields.List(fields.Integer(), metadata={"description": "Minutes of each month, January first."})
    visits = fields.Integer()
    earned = fields.Integer()
    spent = fields.Integer()
    donated = fields.Integer()
    became = fields.List(fields.Nested(BecameSchema))
    minutes_ever = fields.Integer()
    stars = fields.Nested(StarsSchema)
    honours = fields.List(fields.Nested(HonourSchema))


class StreetQuery(Schema):
    month = Month(load_default=None, metadata={"description": "This month if left out.", "example": "2026-10"})


class BesideSchema(Schema):
    community_id = Id()
    name = fields.String()
    status = fields.String(metadata={"enum": STATES})
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    trend = fields.List(
        fields.Integer(allow_none=True),
        metadata={"description": "Minutes of six months, the asked one last; null: not signed off."},
    )


class SideBySideSchema(Schema):
    month = Month()
    communities = fields.List(fields.Nested(BesideSchema))
