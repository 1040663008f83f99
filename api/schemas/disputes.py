"""Disputes of lines of statements, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.settlement.dispute_models import DisputeState, Favour
from ledger.settlement.disputes import LONGEST, MOST_LINES

STATES = [one.value for one in DisputeState]
STEPS = ["answer", "decide", "appeal"]


class DisputeQuery(PageQuery):
    status = fields.Enum(DisputeState, by_value=True, load_default=None)
    open = fields.Boolean(
        load_default=False, metadata={"description": "What waits for an answer or a decision, oldest first."}
    )
    settlement_id = Id(load_default=None)
    sort = Sort(Age)


class ClaimSchema(Schema):
    line_id = Id(required=True)
    reason = Text(LONGEST, least=1, required=True, metadata={"example": "这一笔是 30 元，记成了 3 元"})
    file_ids = fields.List(
        Id(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Photos sent ahead by `POST files` with `for` = dispute."},
    )


class DisputeRequestSchema(Schema):
    lines = fields.List(fields.Nested(ClaimSchema), required=True, validate=validate.Length(min=1, max=MOST_LINES))


class DisputeAnswerSchema(Schema):
    answer = Text(LONGEST, least=1, required=True, metadata={"example": "收据上是 3 元，照片附后"})


class DisputeDecisionSchema(Schema):
    favour = fields.Enum(
        Favour,
        by_value=True,
        required=True,
        metadata={
            "description": "`shop`: the line is paid, a refund is not charged. `community`: the redemption is refunded."
        },
    )
    reason = Text(LONGEST, least=1, required=True, metadata={"example": "与收据一致"})


class AppealSchema(Schema):
    reason = Text(LONGEST, least=1, required=True, metadata={"example": "有监控录像"})


class ClawbackSchema(Schema):
    reason = Text(LONGEST, least=1, required=True, metadata={"example": "核实没有到店"})


class DisputeStepSchema(Schema):
    """What a step answers."""

    id = Id()
    line_id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    held_fen = fields.Integer()
    due_at = Moment()


class DisputesRaisedSchema(Schema):
    disputes = fields.List(fields.Nested(DisputeStepSchema))


class ClawbackStepSchema(Schema):
    id = Id()
    line_id = Id()
    refund_id = Id(allow_none=True)


class DisputeSchema(Schema):
    id = Id(attribute="dispute.id")
    settlement_id = Id(attribute="dispute.settlement_id")
    settlement_number = fields.String(attribute="settlement.number", allow_none=True)
    merchant_id = Id(attribute="dispute.merchant_id")
    merchant_name = fields.String(attribute="merchant.name")
    line_id = Id(attribute="dispute.line_id")
    line_type = fields.String(attribute="line.type")
    receipt_number = fields.String(attribute="line.receipt_number")
    line_fen = fields.Integer(attribute="dispute.line_fen")
    held_fen = fields.Integer(
        attribute="dispute.held_fen", metadata={"description": "By so much less is paid until it is decided."}
    )
    status = fields.String(attribute="dispute.state", metadata={"enum": STATES})
    reason = fields.String(attribute="dispute.reason")
    file_ids = fields.List(Id(), attribute="photo_ids")
    raised_at = Moment(attribute="dispute.raised_at")
    due_at = Moment(
        attribute="dispute.due_at", metadata={"description": "Undecided by then it is as `undecided_for` says."}
    )
    undecided_for = fields.String(
        metadata={"enum": [*Favour], "description": "Whose the line is when nobody decides, by the agreement."}
    )
    answer = fields.String(attribute="dispute.answer")
    answered_at = Moment(attribute="dispute.answered_at", allow_none=True)
    favour = fields.String(attribute="dispute.favour", allow_none=True, metadata={"enum": [*Favour, None]})
    decision = fields.String(attribute="dispute.decision")
    decided_at = Moment(attribute="dispute.decided_at", allow_none=True)
    appeal = fields.String(attribute="dispute.appeal")
    appeal_until = Moment(attribute="dispute.appeal_until", allow_none=True)
    appealed_at = Moment(attribute="dispute.appealed_at", allow_none=True)
    steps = fields.List(
        fields.String(metadata={"enum": STEPS}), metadata={"description": "What the caller may do about it now."}
    )


DisputePageSchema = page_of(DisputeSchema)
