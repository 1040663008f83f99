"""Accounts of the books."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.transfers import (
    AccountPageSchema,
    AccountSchema,
    AccountWithBalanceSchema,
    AtQuery,
    StatementQuery,
    StatementSchema,
)
from ledger.book import reading, statements
from ledger.book.accounts import AccountKey
from ledger.book.balances import account_balance
from ledger.book.codes import Kind, Unit

blp = resource("accounts", "Accounts of the books.")


@blp.get("/accounts")
@blp.arguments(PageQuery, location="query")
@blp.response(200, AccountPageSchema)
def list_accounts(asked: dict[str, Any]) -> dict[str, Any]:
    """The accounts I may see."""
    rows = reading.list_accounts(current_actor(), before=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.get("/accounts/<id:account_id>")
@blp.arguments(AtQuery, location="query")
@blp.response(200, AccountWithBalanceSchema)
def get_account(asked: dict[str, Any], account_id: UUID) -> dict[str, Any]:
    """One account with its balance, now or at a past moment."""
    actor = current_actor()
    account = reading.see_account(actor, account_id)
    key = AccountKey(Kind(account.kind), Unit(account.unit), account.owner_id)
    shown = {name: getattr(account, name) for name in AccountSchema().fields}
    return shown | {"balance": account_balance(actor.tenant, key, at=asked["at"])}


@blp.get("/accounts/<id:account_id>/statement")
@blp.arguments(StatementQuery, location="query")
@blp.response(200, StatementSchema)
def get_statement(asked: dict[str, Any], account_id: UUID) -> statements.Statement:
    """The account in a period: opening, every movement with its running balance (newest first), closing."""
    actor = current_actor()
    return statements.make_statement(actor.tenant, reading.see_account(actor, account_id), **asked)
