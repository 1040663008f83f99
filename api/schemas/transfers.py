"""Accounts and transfers, over HTTP."""

from __future__ import annotations

from marshmallow import fields

from api.schemas.fields import Id, Moment, PageQuery, Schema, page_of
from ledger.book.codes import Code


class AccountSchema(Schema):
    id = Id()
    kind = fields.String()
    unit = fields.String()
    owner_id = Id()
    opened_at = Moment()


class AccountWithBalanceSchema(AccountSchema):
    balance = fields.Integer(metadata={"description": "Credits - debits, in the account's unit."})


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
