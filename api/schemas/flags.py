"""Flags of the detectors, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.schemas.fields import EARLIEST, LATEST, Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.risk.flags import LONGEST, Decision
from ledger.risk.models import FlagKind, FlagState
from ledger.risk.reading import LONGEST_DRY_RUN

STATES = [one.value for one in FlagState]
KINDS = [one.value for one in FlagKind]
IN_OUR_TIME = validate.Range(min=EARLIEST.date(), max=LATEST.date())


class FlagQuery(PageQuery):
    status = fields.Enum(
        FlagState, by_value=True, load_default=None, metadata={"description": "`open`: the first due first."}
    )
    kind = fields.Enum(FlagKind, by_value=True, load_default=None)
    sort = Sort(Age)


class FlagDecisionSchema(Schema):
    decision = fields.Enum(
        Decision,
        by_value=True,
        required=True,
        metadata={
            "description": "Either way what waits goes into the next statement. `confirm` takes nothing back by "
            "itself: what is to be taken back is refunded."
        },
    )
    note = Text(LONGEST, least=1, required=True, metadata={"example": "当面问过，是给全院订的面包"})


class FlagsFoundSchema(Schema):
    found = fields.List(Id(), metadata={"description": "The new flags."})


class FlagDryRunRequestSchema(Schema):
    first_day = fields.Date(data_key="from", required=True, validate=IN_OUR_TIME, metadata={"example": "2026-11-01"})
    last_day = fields.Date(
        data_key="to",
        required=True,
        validate=IN_OUR_TIME,
        metadata={"example": "2026-11-30", "description": f"Included; at most {LONGEST_DRY_RUN.days} days later."},
    )

    @validates_schema
    def _in_order(self, asked: dict[str, Any], **_more: Any) -> None:
        if not {"first_day", "last_day"} <= asked.keys():
            return
        if asked["first_day"] > asked["last_day"]:
            raise ValidationError("Before the first day.", "to")
        if asked["last_day"] - asked["first_day"] > LONGEST_DRY_RUN:
            raise ValidationError("Too many days.", "to")


class ExplanationSchema(Schema):
    zh = fields.String()
    en = fields.String()


class FlagStepSchema(Schema):
    """What a decision answers."""

    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    decided_at = Moment()


class FlagSchema(Schema):
    id = Id(attribute="flag.id")
    kind = fields.String(attribute="flag.kind", metadata={"enum": KINDS})
    status = fields.String(attribute="state", metadata={"enum": STATES})
    member_id = Id(attribute="flag.member_id", allow_none=True)
    member_name = fields.String(allow_none=True)
    merchant_id = Id(attribute="flag.merchant_id")
    merchant_name = fields.String()
    facts = fields.Dict(
        attribute="flag.facts", keys=fields.String(), metadata={"description": "The figures of the explanation."}
    )
    explanation = fields.Nested(ExplanationSchema)
    redemptions = fields.Integer(attribute="extent.redemptions")
    waiting = fields.Integer(
        attribute="extent.waiting", metadata={"description": "How many of them no statement takes until it is decided."}
    )
    waiting_fen = fields.Integer(attribute="extent.waiting_fen")
    opened_at = Moment(attribute="flag.opened_at")
    due_at = Moment(attribute="flag.due_at", metadata={"description": "Undecided by then it is released."})
    decided_at = Moment(attribute="flag.decided_at", allow_none=True)
    note = fields.String(attribute="flag.note")
    refusal = fields.String(
        allow_none=True, metadata={"description": "Why the caller may not decide it now; null: may.", "example": None}
    )


FlagPageSchema = page_of(FlagSchema)


class WaitingLineSchema(Schema):
    redemption_id = Id(attribute="redemption.id")
    merchant_id = Id(attribute="redemption.merchant_id")
    merchant_name = fields.String()
    receipt_number = fields.String(attribute="redemption.receipt_number")
    confirmed_at = Moment(attribute="redemption.confirmed_at")
    points = fields.Integer(attribute="redemption.points")
    gross_fen = fields.Integer(attribute="redemption.gross_fen")
    reason = fields.Nested(ExplanationSchema)
    until = Moment(metadata={"description": "The statement after this day takes it, decided or not."})


class WaitingSchema(Schema):
    items = fields.List(fields.Nested(WaitingLineSchema))


class WouldFlagSchema(Schema):
    kind = fields.String(attribute="found.kind", metadata={"enum": KINDS})
    member_id = Id(attribute="found.member_id", allow_none=True)
    member_name = fields.String(allow_none=True)
    merchant_id = Id(attribute="found.merchant_id")
    merchant_name = fields.String()
    redemptions = fields.Integer()
    explanation = fields.Nested(ExplanationSchema)


class FlagDryRunSchema(Schema):
    first_day = fields.Date(data_key="from")
    last_day = fields.Date(data_key="to")
    redemptions = fields.Integer(metadata={"description": "How many were looked at."})
    total = fields.Integer(metadata={"description": "How many flags it would have been; `flags` are the first 200."})
    flags = fields.List(fields.Nested(WouldFlagSchema))
