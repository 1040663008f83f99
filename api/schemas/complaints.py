"""What members complain of about goods, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.rewards.complaint_models import ComplaintState, Remedy
from ledger.rewards.complaints import LONGEST, LONGEST_NOTE

STATES = [one.value for one in ComplaintState]
HIDDEN = "Empty for whoever reads masked names."


class ComplaintQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "What I complained of myself."})
    overdue = fields.Boolean(load_default=False, metadata={"description": "What is unanswered after its day."})
    status = fields.Enum(ComplaintState, by_value=True, load_default=None)
    sort = Sort(Age)


class ComplaintRequestSchema(Schema):
    redemption_id = Id(required=True)
    text = Text(
        LONGEST, least=1, lines=True, required=True, attribute="words",
        metadata={"description": "What is wrong, in the member's words.", "example": "面包打开就发霉了"},
    )  # fmt: skip
    file_ids = fields.List(
        Id(),
        load_default=list,
        validate=validate.Length(max=MOST_PHOTOS),
        metadata={"description": "Photos sent ahead by POST /files with `for` = complaint."},
    )


class ComplaintAnswerSchema(Schema):
    answer = Text(LONGEST, least=1, lines=True, required=True, metadata={"example": "请带凭证来换一份"})


class ComplaintClosingSchema(Schema):
    outcome = fields.Enum(
        Remedy, by_value=True, required=True,
        metadata={"description": "`refunded` only after a refund; closing moves no points."},
    )  # fmt: skip
    note = Text(LONGEST_NOTE, load_default="", metadata={"example": "已当面换货"})


class ComplaintSchema(Schema):
    id = Id(attribute="complaint.id")
    redemption_id = Id(attribute="complaint.redemption_id")
    receipt_number = fields.String(attribute="redemption.receipt_number")
    offer_name = fields.String()
    merchant_id = Id(attribute="complaint.merchant_id")
    merchant_name = fields.String()
    member_name = fields.String(metadata={"description": "Masked for shops and the street."})
    text = fields.String(attribute="words", metadata={"description": HIDDEN})
    photo_ids = fields.List(Id())
    status = fields.String(attribute="complaint.state", metadata={"enum": STATES})
    raised_at = Moment(attribute="complaint.raised_at")
    due_at = Moment(attribute="complaint.due_at", metadata={"description": "By then it is answered."})
    answer = fields.String(metadata={"description": HIDDEN})
    answered_at = Moment(attribute="complaint.answered_at", allow_none=True)
    outcome = fields.String(
        attribute="complaint.outcome", allow_none=True, metadata={"enum": [*(one.value for one in Remedy), None]}
    )
    note = fields.String(metadata={"description": HIDDEN})
    closed_at = Moment(attribute="complaint.closed_at", allow_none=True)
    steps = fields.List(fields.String(), metadata={"description": "What I may do about it now: answer, close."})


class ComplaintStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    due_at = Moment()


ComplaintPageSchema = page_of(ComplaintSchema)
