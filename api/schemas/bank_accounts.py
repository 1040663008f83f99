"""Bank accounts of shops, over HTTP: never more than the last four digits of a number go out."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields

from api.schemas.fields import Id, Moment, Schema, Text
from ledger.settlement.payout_models import AccountState

STATES = [one.value for one in AccountState]


class AccountNumber(fields.String):
    """The number of an account as people type it; 8 to 30 digits inside."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        digits = re.sub(r"[\s-]", "", str(super()._deserialize(value, attr, data, **kwargs)))
        if not re.fullmatch(r"[0-9]{8,30}", digits):
            raise ValidationError("Not the number of an account: 8 to 30 digits.")
        return digits


class BankAccountRequestSchema(Schema):
    bank = Text(80, least=2, required=True, metadata={"example": "宁夏银行胜利街支行"})
    holder = Text(80, least=1, required=True, metadata={"example": "麦香面包店"})
    number = AccountNumber(
        required=True,
        metadata={"description": "Digits, blanks allowed.", "example": "6222 0212 3456 7890 123", "maxLength": 60},
    )


class BankAccountStepSchema(Schema):
    """What a step answers."""

    id = Id()
    status = fields.String(attribute="state", metadata={"enum": STATES})
    last_four = fields.String()
    usable_from = Moment(allow_none=True)


class BankAccountSchema(Schema):
    id = Id(attribute="account.id")
    merchant_id = Id(attribute="account.merchant_id")
    bank = fields.String(attribute="account.bank")
    holder = fields.String()
    last_four = fields.String(attribute="account.last_four")
    status = fields.String(attribute="account.state", metadata={"enum": STATES})
    in_use = fields.Boolean(attribute="is_used", metadata={"description": "Payments go there now."})
    asked_at = Moment(attribute="account.asked_at")
    usable_from = Moment(
        attribute="account.usable_from", allow_none=True, metadata={"description": "After the cooling period."}
    )


class BankAccountsSchema(Schema):
    items = fields.List(fields.Nested(BankAccountSchema))
