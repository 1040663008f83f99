"""The named check of the rollups, from which balances at past times are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Date, Select, String, and_, cast, func, literal_column, or_, select, type_coerce, union_all
from sqlalchemy.sql import ColumnElement

from ledger.book.codes import EARNED, SPENT, Code, Kind
from ledger.book.models import Account, Rollup, RollupLevel, Transfer, Unsealed, entries
from ledger.book.rollups import ROLLED_AT_ONCE
from ledger.core.db import db, is_postgresql
from ledger.core.registry import Finding, check
from ledger.core.tenancy import same_community

SUMS = ("amount", "earned", "spent")


@check("rollups_match")
def rollups_match() -> Iterator[Finding]:
    """A day is the sum of its transfers, a month of its days, a year of its months; none is missing or too many.

    Of wallets, debts and hours all transfers count, of other kinds those that no longer wait for their seal.
    """
    yield from _differences(RollupLevel.DAY, _days())
    yield from _differences(RollupLevel.MONTH, _from_below(RollupLevel.DAY, "month"))
    yield from _differences(RollupLevel.YEAR, _from_below(RollupLevel.MONTH, "year"))


def _differences(level: RollupLevel, expected: Select[Any]) -> Iterator[Finding]:
    """What should be less what is, by account and period: both sides must be there, with the same sums."""
    should = expected.subquery().c
    is_there = Rollup.__table__.c
    names = ("community_id", "account_id", "starts_on", *SUMS)
    rows = union_all(
        select(*(should[name] for name in names), literal_column("1").label("there")),
        select(
            *(is_there[name] for name in names[:3]),
            *((-is_there[name]).label(name) for name in SUMS),
            literal_column("-1").label("there"),
        ).where(is_there.level == level),
    ).subquery()
    keys = [rows.c[name] for name in names[:3]]
    sums = [func.sum(rows.c[name]) for name in (*SUMS, "there")]
    differing = select(*keys, *sums[:3]).group_by(*keys).having(or_(*(total != 0 for total in sums)))
    for community_id, account_id, starts_on, *missing in db.session.execute(differing):
        words = ", ".join(f"{name} {int(left):+d}" for name, left in zip(SUMS, missing, strict=True))
        yield Finding("rollups_match", community_id, f"{level} {starts_on} of account {account_id} lacks {words}")


def _days() -> Select[Any]:
    """What the transfers say of each account and business day."""
    of = entries.c
    is_wallet = Account.kind == Kind.WALLET
    day = _local_day()
    return (
        select(
            of.community_id,
            of.account_id,
            day.label("starts_on"),
            func.sum(of.amount).label("amount"),
            func.coalesce(func.sum(of.amount).filter(is_wallet, _is_one_of(EARNED)), 0).label("earned"),
            func.coalesce(-func.sum(of.amount).filter(is_wallet, _is_one_of(SPENT)), 0).label("spent"),
        )
        .join(Transfer, and_(same_community(Transfer, of), Transfer.id == of.transfer_id))
        .join(Account, and_(same_community(Account, of), Account.id == of.account_id))
        .outerjoin(Unsealed, and_(same_community(Unsealed, of), Unsealed.transfer_id == of.transfer_id))
        .where(or_(Account.kind.in_(ROLLED_AT_ONCE), Unsealed.transfer_id.is_(None)))
        .group_by(of.community_id, of.account_id, day)
    )


def _is_one_of(moves: frozenset[tuple[Code, int]]) -> ColumnElement[bool]:
    of = entries.c
    return or_(*(and_(of.code == code, of.amount * sign > 0) for code, sign in sorted(moves)))


def _from_below(below: RollupLevel, period: str) -> Select[Any]:
    """What the rows of the level below say of each account and period."""
    rows = Rollup.__table__.c
    start = _start_of(period, rows.starts_on)
    sums = (func.sum(rows[name]).label(name) for name in SUMS)
    return (
        select(rows.community_id, rows.account_id, start.label("starts_on"), *sums)
        .where(rows.level == below)
        .group_by(rows.community_id, rows.account_id, start)
    )


def _local_day() -> ColumnElement[Any]:
    """The business day of a transfer, counted by the engine. China has kept UTC+8 since 1991."""
    if is_postgresql():
        return cast(func.timezone("Asia/Shanghai", Transfer.effective_at), Date)
    # Without the fraction of the second: SQLite would round it, 23:59:59.999999 into the next day.
    seconds = func.substr(type_coerce(Transfer.effective_at, String), 1, len("2026-10-12 20:05:41"))
    return type_coerce(func.date(seconds, "+8 hours"), Date)


def _start_of(period: str, day: ColumnElement[Any]) -> ColumnElement[Any]:
    if is_postgresql():
        return cast(func.date_trunc(period, day), Date)
    return type_coerce(func.date(type_coerce(day, String), f"start of {period}"), Date)
