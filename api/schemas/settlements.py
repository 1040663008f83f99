"""Settlements, over HTTP."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, WholeNumber, page_of
from ledger.core import clock
from ledger.settlement.models import SettlementState
from ledger.settlement.reading import SettlementOrder


class Week(fields.String):
    """An ISO week, "2026-W41"."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        if not isinstance(value, str) or not re.match(r"^20[0-9]{2}-W[0-9]{2}\Z", value):
            raise ValidationError('Not a week such as "2026-W41".')
        try:
            clock.week_bounds(value)
        except ValueError as error:
            raise ValidationError("There is no such week.") from error
        return value


class Digest(fields.Field[bytes]):
    """A SHA-256 as 64 hexadecimal digits."""

    def _serialize(self, value: bytes | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.hex() if value is not None else None


class SettlementQuery(PageQuery):
    status = fields.Enum(SettlementState, by_value=True, load_default=None)
    week = Week(load_default=None)
    merchant_id = Id(load_default=None)
    sort = Sort(SettlementOrder.NEWEST)


class CloseRequestSchema(Schema):
    week = Week(required=True, metadata={"example": "2026-W46"})


class PaymentRequestSchema(Schema):
    reference = Text(80, least=1, required=True, metadata={"description": "The bank's reference of the payment."})
    paid_on = fields.Date(required=True)


class WeekQuery(Schema):
    week = Week(load_default=None, metadata={"description": "The week before this one if left out."})


class InvoiceRequestSchema(Schema):
    number = Text(40, least=4, required=True, metadata={"example": "26642000000012345678"})


class VoidRequestSchema(Schema):
    reason = Text(300, least=1, required=True)


class SettlementSchema(Schema):
    id = Id()
    merchant_id = Id()
    week = fields.String()
    number = fields.String(allow_none=True)
    status = fields.String(attribute="state")
    replaces_id = Id(allow_none=True)
    cut_off_at = Moment()
    known_at = Moment()
    opening_fen = fields.Integer()
    gross_fen = fields.Integer()
    deduction_fen = fields.Integer()
    net_fen = fields.Integer()
    payable_fen = fields.Integer()
    closing_fen = fields.Integer()
    held_fen = fields.Integer(metadata={"description": "Held by disputes of its lines."})
    to_pay_fen = fields.Integer(metadata={"description": "payable_fen - held_fen: what is paid for this week now."})
    points = fields.Integer()
    line_count = fields.Integer()
    sha256 = Digest(attribute="digest", allow_none=True)
    auto_confirm_on = fields.Date(allow_none=True)
    issued_at = Moment(allow_none=True)
    confirmed_at = Moment(allow_none=True)
    approved_at = Moment(allow_none=True)
    paid_at = Moment(allow_none=True)
    paid_on = fields.Date(allow_none=True)
    reference = fields.String(allow_none=True)
    reconciled_at = Moment(allow_none=True)
    void_reason = fields.String(allow_none=True)
    invoice_number = fields.String(allow_none=True, metadata={"description": "The shop's 发票, if asked for."})


class StepSchema(Schema):
    """What a step answers: enough to go on, nothing personal."""

    id = Id()
    status = fields.String(attribute="state")
    number = fields.String(allow_none=True)
    payable_fen = fields.Integer()
    held_fen = fields.Integer()


class ClosedWeekSchema(Schema):
    settlements = fields.List(fields.Nested(StepSchema))


class OpenLineSchema(Schema):
    type = fields.String()
    receipt_number = fields.String()
    redemption_id = Id(allow_none=True)
    refund_id = Id(allow_none=True)
    ruling_id = Id(allow_none=True, metadata={"description": "The decision or clawback that the line follows from."})
    happened_at = Moment()
    branch_name = fields.String()
    offer_name = fields.String()
    agreement_version = fields.Integer()
    rate = fields.String(metadata={"description": "Fen / points."})
    points = fields.Integer()
    gross_fen = fields.Integer()
    deduction_fen = fields.Integer()
    net_fen = fields.Integer()
    reason = fields.String()


class LineSchema(OpenLineSchema):
    id = Id()
    position = WholeNumber(1, 2**31)


class OpenWeekSchema(Schema):
    """What the next statement would say now; nothing of it is frozen."""

    merchant_id = Id(attribute="merchant.id")
    week = fields.String(metadata={"example": "2026-W48"})
    opening_fen = fields.Integer(metadata={"description": "What the last statement carried over."})
    net_fen = fields.Integer(metadata={"description": "The sum of the lines, without the opening."})
    points = fields.Integer()
    line_count = fields.Integer()
    lines = fields.List(fields.Nested(OpenLineSchema))


class StatementFileSchema(SettlementSchema):
    merchant_name = fields.String()
    lines = fields.List(fields.Nested(LineSchema))


SettlementPageSchema = page_of(SettlementSchema)
LinePageSchema = page_of(LineSchema)
