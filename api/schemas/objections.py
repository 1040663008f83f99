"""What members object to in the record of their visits, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, page_of
from ledger.core.orders import Age
from ledger.service.objection_models import Grievance, ObjectionState, Outcome
from ledger.service.objections import LONGEST

STATES = [one.value for one in ObjectionState]


class ObjectionQuery(PageQuery):
    mine = fields.Boolean(load_default=False, metadata={"description": "What I objected to myself."})
    overdue = fields.Boolean(load_default=False, metadata={"description": "What still waits after its day."})
    status = fields.Enum(ObjectionState, by_value=True, load_default=None)
    sort = Sort(Age)


class ObjectionRequestSchema(Schema):
    checkin_id = Id(required=True)
    reason = fields.Enum(Grievance, by_value=True, required=True, metadata={"description": "What is wrong."})
    words = Text(
        LONGEST,
        lines=True,
        load_default="",
        metadata={"description": "In the member's words.", "example": "我待到十一点半"},
    )


class ObjectionAnswerSchema(Schema):
    outcome = fields.Enum(
        Outcome,
        by_value=True,
        required=True,
        metadata={
            "description": "`changed`: the stamp was undone, returned or given anew. The answer moves no points."
        },
    )
    answer = Text(LONGEST, least=1, required=True, metadata={"example": "签退是十一点整，照片可以证明"})


class ObjectionSchema(Schema):
    id = Id(attribute="objection.id")
    checkin_id = Id(attribute="objection.checkin_id")
    activity_name = fields.String(attribute="activity.name")
    arrived_at = Moment(attribute="checkin.arrived_at")
    member_id = Id(attribute="objection.member_id")
    member_name = fields.String()
    reason = fields.String(attribute="objection.reason", metadata={"enum": [one.value for one in Grievance]})
    words = fields.String(metadata={"description": "Empty for whoever reads masked names."})
    status = fields.String(attribute="objection.state", metadata={"enum": STATES})
    outcome = fields.String(
        attribute="objection.outcome", allow_none=True, metadata={"enum": [*(one.value for one in Outcome), None]}
    )
    answer = fields.String(metadata={"description": "Empty for whoever reads masked names."})
    asked_at = Moment(attribute="objection.asked_at")
    due_at = Moment(attribute="objection.due_at", metadata={"description": "By then it is answered."})
    answered_at = Moment(attribute="objection.answered_at", allow_none=True)


class ObjectionStepSchema(Schema):
    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    due_at = Moment()


ObjectionPageSchema = page_of(ObjectionSchema)
