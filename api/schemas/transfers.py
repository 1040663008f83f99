"""Accounts and transfers, over HTTP."""

from __future__ import annotations

from marshmallow import fields, validate

from api.schemas.fields import Id, Moment, PageQuery, Schema, Text, page_of
from ledger.book.codes import Code
from ledger.book.statements import CURSOR_LENGTH


class AtQuery(Schema):
    at = Moment(
        load_default=None,
        metadata={
            "description": "A past moment; what takes effect at it counts. Without it: now. In the future: refused.",
            "example": "2026-11-01T00:00:00+08:00",
        },
    )


class StatementQuery(Schema):
    """Paging of a statement: the following pages repeat `from` and `to`; `known_at` is in the cursor."""

    since = Moment(
        data_key="from",
        load_default=None,
        metadata={
            "description": "The first moment of the period. Without it: the account's opening.",
            "example": "2026-11-01T00:00:00+08:00",
        },
    )
    until = Moment(
        data_key="to",
        load_default=None,
        metadata={
            "description": "The first moment after the period. Without it: `known_at`.",
            "example": "2026-12-01T00:00:00+08:00",
        },
    )
    known_at = Moment(
        load_default=None,
        metadata={
            "description": "Leave out what was recorded later: with the `known_at` of an earlier issue this one "
            "says the same. Without it: now.",
            "example": "2026-12-02T09:00:00+08:00",
        },
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    cursor = Text(CURSOR_LENGTH, load_default=None, metadata={"description": "`next_cursor` of the page before."})


class EntrySchema(Schema):
    transfer_id = Id(metadata={"description": "Its receipt is at `receipts/{transfer_id}`."})
    code = fields.String()
    amount = fields.Integer(metadata={"description": "Positive: into the account.", "example": 10})
    balance = fields.Integer(metadata={"description": "The account after this entry.", "example": 128})
    effective_at = Moment()
    recorded_at = Moment()
    source_type = fields.String()
    source_id = Id()
    actor_id = Id(metadata={"description": "The person who did it."})
    on_behalf_of = Id(allow_none=True, metadata={"description": "The person for whom, when that is somebody else."})


class StatementSchema(Schema):
    account_id = Id()
    since = Moment(data_key="from", attribute="period.since", allow_none=True)
    until = Moment(data_key="to", attribute="period.until", allow_none=True)
    known_at = Moment(
        attribute="period.known_at", metadata={"description": "What was recorded by then is in it, and nothing else."}
    )
    opening = fields.Integer(metadata={"description": "The account before the period.", "example": 118})
    closing = fields.Integer(metadata={"description": "The account at the end of the period.", "example": 128})
    items = fields.List(fields.Nested(EntrySchema), attribute="entries")
    next_cursor = fields.String(allow_none=True)


class AccountSchema(Schema):
    id = Id()
    kind = fields.String()
    unit = fields.String()
    owner_id = Id()
    opened_at = Moment()


class AccountWithBalanceSchema(AccountSchema):
    balance = fields.Integer(metadata={"description": "Credits - debits, in the account's unit, at `at`."})


class TransferQuery(PageQuery):
    account_id = Id(load_default=None)
    code = fields.Enum(Code, by_value=True, load_default=None)
    since = Moment(load_default=None, metadata={"description": "Took effect at this moment or later."})
    until = Moment(load_default=None, metadata={"description": "Took effect before this moment."})


class TransferSchema(Schema):
    id = Id()
    code = fields.String()
    unit = fields.String()
    debit_account_id = Id()
    credit_account_id = Id()
    amount = fields.Integer()
    effective_at = Moment()
    recorded_at = Moment()
    source_type = fields.String()
    source_id = Id()
    part = fields.Integer()
    reverses_id = Id(allow_none=True)
    actor_id = Id()
    on_behalf_of = Id(allow_none=True)
    expires_on = fields.Date(allow_none=True)


AccountPageSchema = page_of(AccountSchema)
TransferPageSchema = page_of(TransferSchema)
