"""Statements: what happened on an account, with the balance after each entry."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, func, or_, select

from ledger.book.accounts import wallet_of
from ledger.book.models import Transfer
from ledger.core.db import db
from ledger.core.tenancy import within


class Entry(NamedTuple):
    """One movement of a wallet: `amount` > 0 came in; `balance` is the wallet right after it."""

    transfer_id: UUID
    code: str
    amount: int
    balance: int
    effective_at: datetime
    recorded_at: datetime
    source_type: str
    source_id: UUID


def wallet_statement(
    community_id: UUID, member_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[Entry]:
    """The wallet's entries, newest first; `before` is the last transfer of the page before."""
    account_id = wallet_of(member_id).id_in(community_id)
    amount = case((Transfer.credit_account_id == account_id, Transfer.amount), else_=-Transfer.amount)
    running = func.sum(amount).over(order_by=Transfer.id)
    entries = (
        select(
            Transfer.id,
            Transfer.code,
            amount.label("amount"),
            running.label("balance"),
            Transfer.effective_at,
            Transfer.recorded_at,
            Transfer.source_type,
            Transfer.source_id,
        )
        .where(within(community_id, Transfer))
        .where(or_(Transfer.credit_account_id == account_id, Transfer.debit_account_id == account_id))
        .subquery()
    )
    query = select(entries).order_by(entries.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(entries.c.id < before)
    return [Entry(*row) for row in db.session.execute(query)]
