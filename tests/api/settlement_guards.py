"""Who is refused at disputes, bank accounts and payouts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.core.db import atomic
from ledger.settlement import bank_accounts, disputes, lines, payouts, settlements
from ledger.settlement.disputes import Claim
from ledger.settlement.models import LineType, Settlement
from tests.ledger.rewards.street import Street

ACCOUNT = {"bank": "宁夏银行", "holder": "麦香面包店", "number": "6222021234567890123"}

OF_SETTLEMENT: dict[str, tuple[str, dict[str, Any] | None]] = {
    "settlements.get_zip": ("clerk", None),
    "settlements.get_open_week": ("clerk", None),
    "settlements.post_invoice": ("clerk", {"number": "26642000000012345678"}),
    "disputes.list_disputes": ("volunteer", None),
    "disputes.get_dispute": ("clerk", None),
    "disputes.get_photo": ("volunteer", None),
    "disputes.post_dispute": ("admin", {"lines": [{"line_id": "line_id", "reason": "不对"}]}),
    "disputes.post_answer": ("owner", {"answer": "没错"}),
    "disputes.post_decision": ("admin", {"favour": "shop", "reason": "好"}),
    "disputes.post_appeal": ("treasurer", {"reason": "不服"}),
    "disputes.post_clawback": ("admin", {"reason": "未到店"}),
    "bank-accounts.list_accounts": ("clerk", None),
    "bank-accounts.post_account": ("treasurer", ACCOUNT),
    "bank-accounts.post_approval": ("owner", {}),
    "bank-accounts.post_stop": ("clerk", {}),
    "payouts.list_payouts": ("clerk", None),
    "payouts.list_owed": ("owner", None),
    "payouts.get_payout": ("volunteer", None),
    "payouts.get_csv": ("supervisor", None),
    "payouts.post_payout": ("owner", {"settlement_ids": ["settlement_id"]}),
    "payouts.post_results": ("supervisor", {"items": [{"line_id": "1", "amount_fen": 1, "status": "paid"}]}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


def things_of(street: Street, settlement: Settlement) -> dict[str, UUID]:
    """A dispute of the draft's refund, the shop's bank account, and a batch that pays the rest."""
    admin, treasurer, owner = street.place.admin.actor, street.place.treasurer.actor, street.owner.actor
    now = clock.now()
    clock.move_to(now - timedelta(days=14))
    account = bank_accounts.ask_account(owner, street.bakery.id, **ACCOUNT)
    bank_accounts.approve_account(treasurer, account.id)
    clock.move_to(now)
    settlements.issue(admin, settlement.id)
    found = atomic(lines.lines_of)(street.id, settlement.id)
    line = next(one for one in found if one.type == LineType.REFUND)
    [dispute] = disputes.raise_disputes(owner, settlement.id, [Claim(line.id, "不该退")])
    settlements.confirm(owner, settlement.id)
    settlements.approve(treasurer, settlement.id)
    payout = payouts.create_payout(admin, [settlement.id])
    return {
        "line_id": line.id,
        "dispute_id": dispute.id,
        "bank_account_id": account.id,
        "payout_id": payout.id,
    }
