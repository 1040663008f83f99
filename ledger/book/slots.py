"""Limited accounts that many share keep their balance in slots, so that they are no hot row; the last fen is exact."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update

from ledger.book.accounts import AccountKey
from ledger.book.codes import SLOTS
from ledger.book.models import Balance
from ledger.core.db import connection, db
from ledger.core.ids import one_below
from ledger.core.tenancy import scoped, within

_balances: Any = Balance.__table__

_SET = (
    update(_balances)
    .where(
        within(bindparam("of_community"), Balance),  # type: ignore[arg-type]
        _balances.c.account_id == bindparam("of_account"),
        _balances.c.slot == bindparam("of_slot"),
    )
    .values(balance=bindparam("to"))
)


def pick(key: AccountKey) -> int:
    """Any slot of the account; chance spreads the load."""
    return one_below(SLOTS.get(key.kind, 1))


def rebalance(community_id: UUID, key: AccountKey, slot: int, *, needed: int) -> bool:
    """All slots are locked, and `slot` has `needed` (> 0) available if the account as a whole has it: True."""
    account_id = key.id_in(community_id)
    query = scoped(community_id, Balance.slot, Balance.balance, Balance.held)
    query = query.where(Balance.account_id == account_id).order_by(Balance.slot).with_for_update()
    rows = list(db.session.execute(query))
    available = sum(row.balance - row.held for row in rows)
    if available < needed:
        return False
    share, rest = divmod(available - needed, len(rows))
    changed = [
        {
            "of_community": community_id,
            "of_account": account_id,
            "of_slot": row.slot,
            "to": row.held + share + ((needed + rest) if row.slot == slot else 0),
        }
        for row in rows
    ]
    connection().execute(_SET, changed)
    return True
