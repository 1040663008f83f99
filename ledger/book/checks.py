"""Named checks of the books: each recomputes from the raw rows, is silent when all is well, and never repairs.

Where several questions are answered by the same reading, they share it. Asked for what is new, a check reads the new
transfers and what they touch; what they stand on are the rollups, which are checked for the days that were touched. To
what is new the history is joined outward: else SQLite may read the history first.
A statement that takes longer to build than to run on small books is built once for a part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, func, literal_column, null, or_, select, tuple_, union, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book import plain_posting, triggers
from ledger.book.codes import DECLARED, LIMITED, STORED, Kind
from ledger.book.models import Account, Balance, Hold, HoldState, Rollup, RollupLevel, Transfer, Unsealed
from ledger.book.newest import accounts_in, entries_in, kept, transfers_in
from ledger.book.rollups import ROLLED_AT_ONCE
from ledger.core.db import db
from ledger.core.ids import NOBODY
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community

_balances: Any = Balance.__table__
_holds: Any = Hold.__table__
_transfers: Any = Transfer.__table__

STREAMED = 10_000
"""Rows of a long reading that are in memory at a time."""


def findings_of(name: str, query: Select[Any], words: str) -> Iterator[Finding]:
    """A finding for each row of a query whose first column is the community."""
    for community_id, *facts in db.session.execute(query):
        yield Finding(name, community_id, words.format(*facts))


@check("zero_sum", "balances_match", "lifetime_match", "no_negative_wallet")
def balances_stand(part: Part) -> Iterator[Finding]:
    """What is stored of each account is what its transfers say, within its limits, and all of it adds up to 0.

    Of what is new: the accounts that were touched; that everything adds up to 0 is for a run over everything.
    """
    totals: dict[tuple[Any, str], int] = defaultdict(int)
    for row in db.session.execute(_standings(part).execution_options(yield_per=STREAMED)):
        totals[row.community_id, row.unit] += row.said if row.stored is None else row.stored
        yield from _judge(row)
    for (community_id, unit), total in totals.items():
        if total and not part.is_new:
            yield Finding("zero_sum", community_id, f"{unit} add up to {total}")


def _judge(row: Any) -> Iterator[Finding]:
    account = f"{row.kind} {row.id}"
    if row.kind in STORED and row.stored != row.said:
        yield Finding("balances_match", row.community_id, f"{account}: stored {row.stored}, transfers say {row.said}")
    if row.kind == Kind.WALLET and (row.stored_earned, row.stored_spent) != (row.earned, row.spent):
        words = f"earned {row.stored_earned} / {row.earned}, spent {row.stored_spent} / {row.spent}"
        yield Finding("lifetime_match", row.community_id, f"{account}: {words}")
    if (row.kind in LIMITED | {Kind.HOURS} and row.said < 0) or (row.kind == Kind.DEBT and row.said > 0):
        yield Finding("no_negative_wallet", row.community_id, f"{account} stands at {row.said}")


@lru_cache(maxsize=4)
def _standings(part: Part) -> Select[Any]:
    """Each account of the part: what its transfers say, and what is stored of it."""
    accounts = accounts_in(part)
    account = accounts.c
    sums = (func.sum(_balances.c[name]).label(name) for name in ("balance", "earned", "spent"))
    key = (account.community_id, account.id.label("account_id"))
    is_its = and_(same_community(_balances.c, account), _balances.c.account_id == account.id)
    stores = select(*key, *sums).outerjoin_from(accounts, _balances, is_its).group_by(*key).subquery()
    says = (_said_by_rollups(part) if part.is_new else _said_by_transfers()).subquery()
    said, stored = says.c, stores.c
    return (
        select(
            account.community_id,
            account.id,
            account.kind,
            account.unit,
            func.coalesce(said.balance, 0).label("said"),
            func.coalesce(said.earned, 0).label("earned"),
            func.coalesce(said.spent, 0).label("spent"),
            stored.balance.label("stored"),
            stored.earned.label("stored_earned"),
            stored.spent.label("stored_spent"),
        )
        .outerjoin_from(accounts, says, and_(same_community(said, account), said.account_id == account.id))
        .outerjoin(stores, and_(same_community(stored, account), stored.account_id == account.id))
    )


def _said_by_transfers() -> Select[Any]:
    of = entries_in(Part()).c
    sums = (
        func.sum(one).label(name) for name, one in (("balance", of.amount), ("earned", of.earned), ("spent", of.spent))
    )
    return select(of.community_id, of.account_id, *sums).group_by(of.account_id, of.community_id)


def _said_by_rollups(part: Part) -> Select[Any]:
    """The touched accounts by their years, and where a kind is rolled up with its seal, by what still waits for it."""
    account, rollup = accounts_in(part).c, Rollup.__table__.c
    level = as_column(RollupLevel.YEAR)
    asked = kept(select(account.community_id, account.id, level).cte("touched_levels"))
    year = asked.c
    is_year = and_(same_community(rollup, year), rollup.account_id == year.id, rollup.level == year.level)
    years = select(
        year.community_id, year.id.label("account_id"), rollup.amount, rollup.earned, rollup.spent
    ).outerjoin_from(asked, Rollup.__table__, is_year)
    sides = entries_in(part)
    of = sides.c
    waits = and_(same_community(Unsealed, of), Unsealed.transfer_id == of.transfer_id)
    tail = (
        select(account.community_id, account.id, of.amount, null(), null())
        .join(sides, and_(same_community(of, account), of.account_id == account.id))
        .join(Unsealed, waits)
        .where(account.kind.not_in(ROLLED_AT_ONCE))
    )
    rows = union_all(years, tail).subquery().c
    sums = (func.coalesce(func.sum(rows[place]), 0) for place in ("amount", "earned", "spent"))
    names = ("balance", "earned", "spent")
    return select(
        rows.community_id, rows.account_id, *(one.label(name) for one, name in zip(sums, names, strict=True))
    ).group_by(rows.community_id, rows.account_id)


def as_column(level: RollupLevel, name: str = "level") -> ColumnElement[str]:
    """Joined by it, rollups are looked up. Compared with a constant, SQLite reads them all first, to sort out those
    that are not asked for.
    """
    return literal_column(f"'{level}'").label(name)


@check("holds_match")
def holds_match(part: Part) -> Iterator[Finding]:
    """`held` of each slot is the sum of the placed holds on it.

    Of what is new: of the accounts that have placed holds or new transfers.
    """
    yield from findings_of("holds_match", _otherwise_held(part), "account {0}: held {1}, placed holds say {2}")


@lru_cache(maxsize=4)
def _otherwise_held(part: Part) -> Select[Any]:
    key = (_holds.c.community_id, _holds.c.account_id, _holds.c.slot)
    placed = (
        select(*key, func.sum(_holds.c.amount).label("amount"))
        .where(_holds.c.state == HoldState.PLACED)
        .group_by(*key)
        .subquery()
    )
    on_slot = and_(
        same_community(placed.c, _balances.c),
        placed.c.account_id == _balances.c.account_id,
        placed.c.slot == _balances.c.slot,
    )
    said = func.coalesce(placed.c.amount, 0)
    query = (
        select(_balances.c.community_id, _balances.c.account_id, _balances.c.held, said)
        .outerjoin(placed, on_slot)
        .where(_balances.c.held != said)
    )
    if part.is_new:
        touched = accounts_in(part).c
        asked = union(
            select(touched.community_id, touched.id), select(placed.c.community_id, placed.c.account_id)
        ).subquery()
        query = query.join(asked, and_(same_community(asked.c, _balances.c), asked.c.id == _balances.c.account_id))
    return query


@check("no_cross_community", "codes_declared", "times_in_order")
def transfers_are_sound(part: Part) -> Iterator[Finding]:
    """Both accounts are of the transfer's community and unit, its code declares it, it took effect before recording."""
    for community_id, transfer_id, code, gives, takes, elsewhere, undeclared, early in db.session.execute(
        _unsound(part)
    ):
        found = {
            "no_cross_community": elsewhere and "has an account elsewhere",
            "codes_declared": undeclared and f": {code} from {gives} to {takes} is not declared",
            "times_in_order": early and "takes effect after it was recorded",
        }
        for name, words in found.items():
            if words:
                yield Finding(name, community_id, f"transfer {transfer_id} {words}")


@lru_cache(maxsize=4)
def _unsound(part: Part) -> Select[Any]:
    of = transfers_in(part).c
    debit, credit = aliased(Account), aliased(Account)
    is_elsewhere = or_(debit.id.is_(None), credit.id.is_(None), debit.unit != of.unit, credit.unit != of.unit)
    moved = tuple_(of.code, debit.kind, credit.kind, of.unit)
    is_undeclared = moved.not_in([(code, *leg) for code, legs in DECLARED.items() for leg in legs])
    is_early = of.effective_at > of.recorded_at
    return (
        select(of.community_id, of.id, of.code, debit.kind, credit.kind, is_elsewhere, is_undeclared, is_early)
        .outerjoin_from(transfers_in(part), debit, and_(same_community(debit, of), debit.id == of.debit_account_id))
        .outerjoin(credit, and_(same_community(credit, of), credit.id == of.credit_account_id))
        .where(or_(is_elsewhere, is_undeclared, is_early))
    )


@check("source_unique")
def source_unique(part: Part) -> Iterator[Finding]:
    """No source has had the same transfer twice."""
    key = ("community_id", "code", "source_type", "source_id", "part")
    of = transfers_in(part).c
    if part.is_new:
        same = and_(same_community(_transfers.c, of), *(_transfers.c[name] == of[name] for name in key[1:]))
        counted = select(*(of[name] for name in key), func.count()).join_from(transfers_in(part), _transfers, same)
        query = counted.group_by(of.id, *(of[name] for name in key)).having(func.count() > 1).distinct()
    else:
        names = [of[name] for name in key]
        query = select(*names, func.count()).group_by(*names).having(func.count() > 1)
    yield from findings_of("source_unique", query, "{0} of {1} {2} part {3} stands {4} times")


@check("reversals_within")
def reversals_within(part: Part) -> Iterator[Finding]:
    """Together, the reversals of a transfer are at most its amount."""
    yield from findings_of("reversals_within", _too_much_reversed(part), "transfer {0} of {1}: {2} reversed")


@lru_cache(maxsize=4)
def _too_much_reversed(part: Part) -> Select[Any]:
    new = transfers_in(part).c
    asked = select(new.community_id, new.reverses_id).where(new.reverses_id.is_not(None)).distinct().subquery()
    reversal = aliased(Transfer)
    return (
        select(Transfer.community_id, Transfer.id, Transfer.amount, func.sum(reversal.amount))
        .outerjoin_from(asked, Transfer, and_(same_community(Transfer, asked.c), Transfer.id == asked.c.reverses_id))
        .outerjoin(reversal, and_(same_community(reversal, Transfer), reversal.reverses_id == Transfer.id))
        .group_by(Transfer.community_id, Transfer.id, Transfer.amount)
        .having(func.sum(reversal.amount) > Transfer.amount)
    )


@check("triggers_installed")
def triggers_installed(_part: Part) -> Iterator[Finding]:
    """The engine itself refuses changes of history, and its own part of the writer is as it should be."""
    here = db.session.connection()
    for fault in (*triggers.faults(here), *plain_posting.faults(here)):
        yield Finding("triggers_installed", NOBODY, fault)
