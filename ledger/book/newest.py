"""What is new since the last checks found nothing: as tables that the checks read instead of the whole.

A transfer is new while it waits for its seal, and when its leaf lies at or above its community's mark. So an
incremental run reads the new leaves and what they touch, however long the history below is. Each table is made once
for a part: used twice in a statement it is the same.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, CompoundSelect, FromClause, Select, and_, case, func, select, true, union_all
from sqlalchemy.sql import ColumnElement

from ledger.book.codes import EARNED, SPENT, Kind, Unit
from ledger.book.models import Account, CheckMark, Leaf, Transfer, Unsealed
from ledger.book.tree import size_of
from ledger.core.db import db, is_postgresql
from ledger.core.registry import Part
from ledger.core.tenancy import same_community

_transfers: Any = Transfer.__table__
_accounts: Any = Account.__table__

SIGNS = (1, -1)
"""The sides of a transfer: credited, debited."""


@lru_cache(maxsize=4)
def transfers_in(part: Part) -> FromClause:
    """The transfers of the part, with their columns."""
    if not part.is_new:
        return _transfers  # type: ignore[no-any-return]
    new = _new_ids(part.sealed_at_most).subquery()
    joined = new.join(_transfers, and_(same_community(_transfers.c, new.c), _transfers.c.id == new.c.transfer_id))
    return kept(select(_transfers).select_from(joined).cte("new_transfers"))


def _new_ids(sealed_at_most: int | None) -> CompoundSelect[Any]:
    """PostgreSQL takes a third of the leaves for new, and would read them all to find the first few: it is told how
    many they are, and to go along the positions of each community. SQLite looks them up; the offsets of nothing keep it
    from turning a join around where rows were counted while nothing waited.
    """
    marks = marks_query().subquery()
    beyond = select(Leaf.community_id, Leaf.transfer_id).where(
        same_community(Leaf, marks.c), Leaf.position >= marks.c.size
    )
    if sealed_at_most is None:
        sealed = beyond.select_from(marks).offset(0)
    else:
        along = beyond.correlate(marks).order_by(Leaf.position).limit(sealed_at_most).lateral()
        sealed = select(along).select_from(marks.join(along, true())).limit(sealed_at_most)
    waiting = select(Unsealed.community_id, Unsealed.transfer_id).offset(0)
    return union_all(select(sealed.subquery()), select(waiting.subquery()))


def new_since(checked_at: datetime | None) -> Part:
    """What is new in every community. What counts as new by its time alone was written after `checked_at`."""
    return Part(is_new=True, since=checked_at, sealed_at_most=count_new_leaves() if is_postgresql() else None)


def count_new_leaves() -> int:
    """How many leaves lie at or above their community's mark, at most."""
    return sum(max(0, size_of(community_id) - size) for community_id, size in marked_sizes().items())


@lru_cache(maxsize=4)
def entries_in(part: Part) -> FromClause:
    """Both sides of the part's transfers."""
    of = transfers_in(part).c
    return union_all(*(select(*entry(of, sign)) for sign in SIGNS)).subquery("sides")


def account_of(of: Any, sign: int) -> ColumnElement[Any]:
    """The account that a transfer credits (1) or debits (-1)."""
    return of.credit_account_id if sign > 0 else of.debit_account_id  # type: ignore[no-any-return]


def entry(of: Any, sign: int) -> list[ColumnElement[Any]]:
    """One side of a transfer: a credit (1) as amount, a debit (-1) as -amount; and what it adds to the lifetime figures
    of a wallet, 0 where it adds nothing.
    """
    amount = of.amount if sign > 0 else -of.amount
    earned, spent = (of.code.in_(sorted(code for code, its in moves if its == sign)) for moves in (EARNED, SPENT))
    return [
        of.community_id,
        of.id.label("transfer_id"),
        of.unit,
        of.effective_at,
        account_of(of, sign).label("account_id"),
        amount.label("amount"),
        case((earned, amount), else_=0).label("earned"),
        case((spent, -amount), else_=0).label("spent"),
    ]


@lru_cache(maxsize=4)
def accounts_in(part: Part) -> FromClause:
    """The accounts that the part touches, with their columns; all accounts where the part is everything."""
    if not part.is_new:
        return _accounts  # type: ignore[no-any-return]
    sides = entries_in(part).c
    touched = select(sides.community_id, sides.account_id).distinct().subquery()
    is_touched = and_(same_community(_accounts.c, touched.c), _accounts.c.id == touched.c.account_id)
    return kept(select(_accounts).select_from(touched.join(_accounts, is_touched)).cte("touched_accounts"))


def kept(new: CTE) -> CTE:
    """Found once, before anything is joined: else a planner without statistics starts from the whole history."""
    return new.prefix_with("MATERIALIZED")


def marks_query() -> Select[Any]:
    """Every community with its mark: so many leaves have been checked, 0 where none was."""
    return (
        select(_accounts.c.community_id, func.coalesce(CheckMark.size, 0).label("size"))
        .outerjoin(CheckMark, same_community(CheckMark, _accounts.c))
        .where(_accounts.c.kind == Kind.ISSUANCE, _accounts.c.unit == Unit.POINTS)
    )


def marked_sizes() -> dict[UUID, int]:
    """How many leaves of each community have been checked."""
    return dict(db.session.execute(marks_query()).tuples().all())
