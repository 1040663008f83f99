"""The redemption calendar and a week's figures, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import EARLIEST, LATEST, Id, Moment, Schema, Text, WholeNumber
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import LONGEST_PLACE, LONGEST_REASON
from ledger.rewards.models import OfferKind
from ledger.rewards.week_figures import MOST_WEEKS

KNOWN = validate.Range(min=EARLIEST.date(), max=LATEST.date())
VENUES = {"enum": [one.value for one in Venue]}
HIDDEN = {"description": "null where it would tell of fewer than three people."}


class Hour(fields.Time):
    """An hour of the day in Asia/Shanghai, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)


class RedemptionDayRequestSchema(Schema):
    starts_on = fields.Date(
        data_key="from", required=True, validate=KNOWN, metadata={"description": "From this day on; today or later.",
                                                                  "example": "2026-11-30"},
    )  # fmt: skip
    weekday = WholeNumber(
        1, 7, load_default=None, allow_none=True,
        metadata={"description": "1 (Monday) … 7; null: no redemption day from then on.", "example": 1},
    )  # fmt: skip
    opens = Hour(required=True, metadata={"description": "Asia/Shanghai, inclusive.", "example": "09:00"})
    closes = Hour(required=True, metadata={"description": "Asia/Shanghai, exclusive.", "example": "11:30"})
    venue = fields.Enum(
        Venue, by_value=True, required=True, metadata={"description": "At the red station's stall, or in the shops."}
    )
    place = Text(LONGEST_PLACE, least=1, required=True, metadata={"example": "红色驿站，南华街 8 号"})

    @validates_schema
    def _closes_after_opening(self, data: dict[str, Any], **_: Any) -> None:
        if data["closes"] <= data["opens"]:
            raise ValidationError("Closes before it opens.", "closes")


class RedemptionDayChangeRequestSchema(Schema):
    day = fields.Date(
        required=True, validate=KNOWN, metadata={"description": "A weekly redemption day.", "example": "2026-12-07"}
    )
    moved_to = fields.Date(
        load_default=None, allow_none=True, validate=KNOWN,
        metadata={"description": "At most six days away; the day itself: as usual after all; null: not held.",
                  "example": "2026-12-08"},
    )  # fmt: skip
    reason = Text(LONGEST_REASON, least=1, required=True, metadata={"example": "驿站消防检查"})


class RedemptionDaySchema(Schema):
    id = Id()
    starts_on = fields.Date(data_key="from")
    weekday = fields.Integer(allow_none=True)
    opens = Hour()
    closes = Hour()
    venue = fields.String(metadata=VENUES)
    place = fields.String()
    created_at = Moment()


class RedemptionDayChangeSchema(Schema):
    id = Id()
    day = fields.Date()
    moved_to = fields.Date(allow_none=True)
    reason = fields.String()
    created_at = Moment()


class HeldSchema(Schema):
    day = fields.Date()
    opens = Hour()
    closes = Hour()
    venue = fields.String(metadata=VENUES)
    place = fields.String()
    instead_of = fields.Date(allow_none=True, metadata={"description": "The weekly day that was moved here."})
    reason = fields.String(metadata={"description": "Why it was moved; else empty."})


class RedemptionCalendarSchema(Schema):
    versions = fields.List(fields.Nested(RedemptionDaySchema), metadata={"description": "The last to start first."})
    changes = fields.List(fields.Nested(RedemptionDayChangeSchema))
    ahead = fields.List(fields.Nested(HeldSchema), metadata={"description": "Those of eight weeks, the next first."})


class WeeksQuery(Schema):
    weeks = fields.Integer(
        load_default=4,
        validate=validate.Range(min=1, max=MOST_WEEKS),
        metadata={"description": "So many."},
    )


class CellSchema(Schema):
    people = fields.Integer(allow_none=True, metadata=HIDDEN)
    redemptions = fields.Integer(allow_none=True, metadata=HIDDEN)
    points = fields.Integer(allow_none=True, metadata=HIDDEN)


class KindCellSchema(Schema):
    kind = fields.String(metadata={"enum": [one.value for one in OfferKind]})
    cell = fields.Nested(CellSchema)


class WeekSchema(Schema):
    week = fields.String(metadata={"example": "2026-W47"})
    total = fields.Nested(CellSchema)
    kinds = fields.List(fields.Nested(KindCellSchema))


class WeeksSchema(Schema):
    items = fields.List(fields.Nested(WeekSchema), metadata={"description": "The newest week first."})
