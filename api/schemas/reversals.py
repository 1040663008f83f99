"""Reversals by hand, over HTTP."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, Sort, Text, WholeNumber, page_of
from ledger.book.models import ReversalState
from ledger.core.money import MAX_AMOUNT
from ledger.core.orders import Age


class ReversalRequestSchema(Schema):
    amount = WholeNumber(
        1,
        MAX_AMOUNT,
        load_default=None,
        metadata={"description": "How much, in the transfer's unit; left out: all that is left.", "example": 5},
    )
    reason = Text(
        300, least=1, required=True, metadata={"description": "Why; the member reads it.", "example": "记了两次"}
    )


class DeclineRequestSchema(Schema):
    note = Text(300, least=1, required=True, metadata={"description": "Why not.", "example": "没有记两次"})


class WithdrawRequestSchema(Schema):
    note = Text(300, load_default="", metadata={"description": "Why, if it needs saying.", "example": "看错了"})


class ReversalQuery(PageQuery):
    status = fields.Enum(ReversalState, by_value=True, load_default=None)
    transfer_id = Id(load_default=None)
    sort = Sort(Age.NEWEST)


class ReversalStepSchema(Schema):
    """What a step answers: ids and figures, nothing personal."""

    id = Id()
    status = fields.String(attribute="state")
    transfer_id = Id()
    amount = fields.Integer()
    asked_at = Moment()
    decided_at = Moment(allow_none=True)


class ReversalSchema(ReversalStepSchema):
    code = fields.String(metadata={"description": "Why the transfer was made."})
    unit = fields.String()
    reason = fields.String()
    note = fields.String(metadata={"description": "What was said when it was declined or withdrawn."})
    asked_by = Id()
    decided_by = Id(allow_none=True)


def shown(seen: Any) -> dict[str, Any]:
    """A request with what one needs to know of its transfer, as ReversalSchema has it."""
    request, transfer = seen
    columns = {column.key: getattr(request, column.key) for column in type(request).__table__.columns}
    return columns | {"code": transfer.code, "unit": transfer.unit}


ReversalPageSchema = page_of(ReversalSchema)
