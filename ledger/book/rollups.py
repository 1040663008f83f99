"""Rollups: what an account's transfers of each day, month and year add up to, so that no balance reads a history.

Wallets, debts and hours are rolled up with each transfer: their balance row is locked by then, so their rollups are
never waited for. The other kinds have no lock that the writers share, so they are rolled up when their transfers are
sealed, by the one sealer of the community; what lies above their rollups is exactly what still waits for its seal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from ledger.book.codes import EARNED, SPENT, Code, Kind
from ledger.book.models import Account, Rollup, RollupLevel, Transfer
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import scoped
from ledger.core.upserts import Upsert

ROLLED_AT_ONCE = frozenset({Kind.WALLET, Kind.DEBT, Kind.HOURS})
"""Kinds that are rolled up in the transaction of each transfer; the others when the transfer is sealed."""


class Movement(NamedTuple):
    """One side of a transfer: `amount` > 0 came in, < 0 went out, in the account's unit."""

    account_id: UUID
    kind: Kind
    code: Code
    amount: int
    effective_at: datetime


def add(community_id: UUID, movements: Iterable[Movement]) -> None:
    """The movements of wallets, debts and hours are in their rollups; other kinds are left to `add_sealed`.

    Called by the one writer after the balances are locked. Whenever a movement took effect, it changes three rows.
    """
    _write(sums_of(community_id, movements))


def sums_of(community_id: UUID, movements: Iterable[Movement]) -> list[dict[str, Any]]:
    """What the movements of wallets, debts and hours add to which rollups, as rows in a fixed order."""
    return _sums(community_id, (movement for movement in movements if movement.kind in ROLLED_AT_ONCE))


def add_sealed(community_id: UUID, transfers: Sequence[Transfer] | Sequence[Row[Any]]) -> None:
    """The transfers' movements on the other kinds of accounts are in their rollups.

    Called by the sealer, in the transaction that takes the transfers out of `unsealed`, under its lock.
    """
    ids = {row.debit_account_id for row in transfers} | {row.credit_account_id for row in transfers}
    query = scoped(community_id, Account.id, Account.kind).where(Account.id.in_(ids))
    kinds = {
        account_id: Kind(kind)
        for account_id, kind in db.session.execute(query.where(Account.kind.not_in(ROLLED_AT_ONCE)))
    }
    sides = ((row, *side) for row in transfers for side in ((row.debit_account_id, -1), (row.credit_account_id, 1)))
    movements = (
        Movement(account_id, kinds[account_id], Code(row.code), sign * row.amount, row.effective_at)
        for row, account_id, sign in sides
        if account_id in kinds
    )
    _write(_sums(community_id, movements))


def periods_of(day: date) -> Iterator[tuple[RollupLevel, date]]:
    """The three rows that a business day counts in, as (level, first day)."""
    yield RollupLevel.DAY, day
    yield RollupLevel.MONTH, day.replace(day=1)
    yield RollupLevel.YEAR, day.replace(month=1, day=1)


def _sums(community_id: UUID, movements: Iterable[Movement]) -> list[dict[str, Any]]:
    sums: dict[tuple[UUID, RollupLevel, date], list[int]] = {}
    for movement in movements:
        for period in periods_of(clock.local_day(movement.effective_at)):
            found = sums.setdefault((movement.account_id, *period), [0, 0, 0])
            for place, change in enumerate((movement.amount, *_lifetime(movement))):
                found[place] += change
    return [
        {
            "community_id": community_id,
            "account_id": account_id,
            "level": level,
            "starts_on": starts_on,
            "amount": amount,
            "earned": earned,
            "spent": spent,
        }
        for (account_id, level, starts_on), (amount, earned, spent) in sorted(sums.items())
    ]


def _lifetime(movement: Movement) -> tuple[int, int]:
    """What the movement does to a wallet's lifetime figures: earned, spent."""
    if movement.kind is not Kind.WALLET:
        return 0, 0
    way = (movement.code, 1 if movement.amount > 0 else -1)
    return movement.amount if way in EARNED else 0, -movement.amount if way in SPENT else 0


_stored: Any = Rollup.__table__

_UPSERT = Upsert(
    _stored,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["community_id", "account_id", "level", "starts_on"],
        set_={name: _stored.c[name] + insert.excluded[name] for name in ("amount", "earned", "spent")},
    ),
)


def _write(rows: list[dict[str, Any]]) -> None:
    """One statement, its rows in a fixed order."""
    if rows:
        _UPSERT.run(rows)
