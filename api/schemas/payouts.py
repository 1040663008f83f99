"""Payout batches and the bank's answers, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.errors import language
from api.schemas.fields import Fen, Id, Moment, Schema, Text, page_of
from ledger.settlement.payout_files import sentence_of
from ledger.settlement.payout_models import PayoutLineState
from ledger.settlement.payouts import MOST_LINES, ResultTaken

STATES = [one.value for one in PayoutLineState]
TAKEN = ["paid", "failed", "refused"]


class PayoutRequestSchema(Schema):
    settlement_ids = fields.List(
        Id(),
        required=True,
        validate=validate.Length(min=1, max=MOST_LINES),
        metadata={"description": "Approved statements that no other batch holds."},
    )


class ResultItemSchema(Schema):
    line_id = Text(
        64, least=1, required=True, metadata={"description": "The line's id, or its number as in the bank file."}
    )
    amount_fen = Fen(required=True, metadata={"description": "Must be the batch's amount.", "example": 12050})
    status = fields.String(required=True, validate=validate.OneOf(["paid", "failed"]))
    reference = Text(80, load_default="", metadata={"description": "The bank's reference of a payment."})
    paid_on = fields.Date(load_default=None, metadata={"description": "Today if left out."})
    reason = Text(300, load_default="", metadata={"description": "Why it failed.", "example": "户名不符"})

    @validates_schema
    def _failed_why(self, data: dict[str, Any], **_: Any) -> None:
        if data["status"] == "failed" and not data["reason"]:
            raise ValidationError("Say why it failed.", "reason")


class ResultsRequestSchema(Schema):
    items = fields.List(fields.Nested(ResultItemSchema), required=True, validate=validate.Length(min=1, max=MOST_LINES))


class ResultTakenSchema(Schema):
    row = fields.Integer(metadata={"description": "The item, from 1, or the row of the file with its headings."})
    line_id = fields.String(attribute="line")
    status = fields.String(metadata={"enum": TAKEN})
    code = fields.String(allow_none=True, metadata={"description": "Why it was refused."})
    detail = fields.Function(lambda taken: _detail(taken), metadata={"description": "The same for people."})


def _detail(taken: ResultTaken) -> str:
    return sentence_of(taken, language())


class ResultsSchema(Schema):
    results = fields.List(fields.Nested(ResultTakenSchema))


class PayoutStepSchema(Schema):
    """What making a batch answers."""

    id = Id()
    number = fields.String()
    line_count = fields.Integer()
    total_fen = fields.Integer()
    sha256 = fields.Function(lambda payout: payout.digest.hex(), metadata={"description": "Of its frozen lines."})


class PayoutLineSchema(Schema):
    id = Id(attribute="line.id")
    number = fields.String(attribute="line.number")
    position = fields.Integer(attribute="line.position")
    settlement_id = Id(attribute="line.settlement_id")
    settlement_number = fields.String(attribute="statement_number")
    merchant_id = Id(attribute="line.merchant_id")
    merchant_name = fields.String()
    bank = fields.String()
    last_four = fields.String()
    amount_fen = fields.Integer(attribute="line.amount_fen")
    status = fields.String(attribute="line.state", metadata={"enum": STATES})
    reference = fields.String(attribute="line.reference", allow_none=True)
    paid_on = fields.Date(attribute="line.paid_on", allow_none=True)
    reason = fields.String(attribute="line.reason")


class PayoutSchema(Schema):
    id = Id(attribute="payout.id")
    number = fields.String(attribute="payout.number")
    status = fields.String(metadata={"enum": ["waiting", "answered"]})
    total_fen = fields.Integer(metadata={"description": "Of the lines that the caller sees."})
    sha256 = fields.Function(lambda view: view.payout.digest.hex())
    made_at = Moment(attribute="payout.made_at")
    lines = fields.List(fields.Nested(PayoutLineSchema))


class OwedSchema(Schema):
    merchant_id = Id()
    merchant_name = fields.String()
    by_age = fields.List(
        fields.Integer(), metadata={"description": "Fen due: under 7 days after the week's end, 14, 28, and older."}
    )
    total_fen = fields.Integer()
    held_fen = fields.Integer(metadata={"description": "Held by disputes, not in the total."})
    carried_fen = fields.Integer(metadata={"description": "What the newest statement carries over."})


class OwedListSchema(Schema):
    items = fields.List(fields.Nested(OwedSchema))


PayoutPageSchema = page_of(PayoutSchema)
