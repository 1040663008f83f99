"""Where a shop is paid: changed by two people and after a cooling period."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.bank_accounts import BankAccountRequestSchema, BankAccountsSchema, BankAccountStepSchema
from api.writing import writes
from ledger.settlement import bank_accounts
from ledger.settlement.payout_models import BankAccount

blp = resource("bank-accounts", "Where a shop is paid: two people and three working days before it changes.")


@blp.get("/merchants/<id:merchant_id>/bank-accounts")
@blp.response(200, BankAccountsSchema)
def list_accounts(merchant_id: UUID) -> dict[str, Any]:
    """The shop's accounts, newest first, with the last four digits; which is in use, which waits."""
    return {"items": bank_accounts.list_accounts(current_actor(), merchant_id)}


@blp.post("/merchants/<id:merchant_id>/bank-accounts")
@blp.arguments(BankAccountRequestSchema)
@blp.response(201, BankAccountStepSchema)
@writes(BankAccountStepSchema, status=201)
def post_account(asked: dict[str, Any], merchant_id: UUID) -> BankAccount:
    """Ask for another account; the one before stays in use until it is approved and has cooled down."""
    return bank_accounts.ask_account(current_actor(), merchant_id, **asked)


@blp.post("/bank-accounts/<id:bank_account_id>/approve")
@blp.response(200, BankAccountStepSchema)
@writes(BankAccountStepSchema)
def post_approval(bank_account_id: UUID) -> BankAccount:
    """Approve it as the second person."""
    return bank_accounts.approve_account(current_actor(), bank_account_id)


@blp.post("/bank-accounts/<id:bank_account_id>/stop")
@blp.response(200, BankAccountStepSchema)
@writes(BankAccountStepSchema)
def post_stop(bank_account_id: UUID) -> BankAccount:
    """Stop one that waits or cools down."""
    return bank_accounts.stop_account(current_actor(), bank_account_id)
