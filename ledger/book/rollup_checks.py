"""The named check of the rollups, from which balances at past times are read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Date,
    DateTime,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from ledger.book.checks import as_column
from ledger.book.codes import Kind
from ledger.book.models import Account, Rollup, RollupLevel, Transfer, Unsealed
from ledger.book.newest import SIGNS, account_of, entries_in, entry, kept
from ledger.book.rollups import ROLLED_AT_ONCE
from ledger.core.db import UtcDateTime, db, is_postgresql
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community

KEYS = ("account_id", "starts_on", "community_id")
"""What a rollup is of. The community tells few rows apart: last, it sorts faster."""

SUMS = ("amount", "earned", "spent")


@check("rollups_match")
def rollups_match(part: Part) -> Iterator[Finding]:
    """A day is the sum of its transfers, a month of its days, a year of its months; none is missing or too many.

    Of wallets, debts and hours all transfers count, of other kinds those that no longer wait for their seal. Of what
    is new: the days, months and years that new transfers touched.
    """
    for level, differing in _readings(part, db.engine.dialect.name):
        for account_id, starts_on, community_id, *missing in db.session.execute(differing):
            words = ", ".join(f"{name} {int(left):+d}" for name, left in zip(SUMS, missing, strict=True))
            yield Finding("rollups_match", community_id, f"{level} {starts_on} of account {account_id} lacks {words}")


@lru_cache(maxsize=8)
def _readings(part: Part, _engine: str) -> list[tuple[RollupLevel, Select[Any]]]:
    """A statement for each level, in the words of the engine."""
    touched = _touched_days(part) if part.is_new else None
    found = [(RollupLevel.DAY, _differing(RollupLevel.DAY, _days(touched), touched))]
    for below, level in ((RollupLevel.DAY, RollupLevel.MONTH), (RollupLevel.MONTH, RollupLevel.YEAR)):
        periods = None if touched is None else _periods_of(touched, level, below)
        found.append((level, _differing(level, _from_below(below, level, periods), periods)))
    return found


def _differing(level: RollupLevel, expected: Select[Any], periods: FromClause | None) -> Select[Any]:
    """What should be less what is, by account and period: both must be there, with the same sums. Added up together,
    so that the engine sorts once.
    """
    is_there = Rollup.__table__.c
    less = ((-is_there[name]).label(name) for name in SUMS)
    stored = select(*(is_there[name] for name in KEYS), *less, *_counted(expected=0, stored=1))
    if periods is None:
        stored = stored.where(is_there.level == level)
    else:
        stored = stored.join(periods, _is_same(periods.c, is_there))
    rows = union_all(expected, stored).subquery().c
    keys, sums = ([rows[name] for name in names] for names in (KEYS, SUMS))
    missing = [func.sum(one) for one in sums]
    one_is_not_there = func.max(rows.expected) != func.sum(rows.stored)
    return select(*keys, *missing).group_by(*keys).having(or_(*(left != 0 for left in missing), one_is_not_there))


def _counted(**numbers: int) -> list[ColumnElement[int]]:
    return [literal_column(str(number)).label(name) for name, number in numbers.items()]


def _is_same(period: Any, of: Any) -> ColumnElement[bool]:
    names = ("account_id", "level", "starts_on")
    return and_(same_community(of, period), *(of[name] == period[name] for name in names))


def _touched_days(part: Part) -> FromClause:
    """The accounts and business days of new transfers."""
    of = entries_in(part).c
    day, level = _local_day(of.effective_at).label("starts_on"), as_column(RollupLevel.DAY)
    return kept(select(of.community_id, of.account_id, day, level).distinct().cte("touched_days"))


def _periods_of(days: FromClause, level: RollupLevel, below: RollupLevel) -> FromClause:
    start, levels = _start_of(level, days.c.starts_on).label("starts_on"), (as_column(level), as_column(below, "below"))
    return kept(select(days.c.community_id, days.c.account_id, start, *levels).distinct().cte(f"touched_{level}s"))


def _days(touched: FromClause | None) -> Select[Any]:
    """What each transfer says of its accounts on its business day."""
    sides = entries_in(Part()) if touched is None else _entries_of(touched)
    of = sides.c
    is_wallet = Account.kind == Kind.WALLET
    lifetime = (case((is_wallet, of[name]), else_=0).label(name) for name in ("earned", "spent"))
    day = _local_day(of.effective_at).label("starts_on")
    return (
        select(of.account_id, day, of.community_id, of.amount, *lifetime, *_counted(expected=1, stored=0))
        .join_from(sides, Account, and_(same_community(Account, of), Account.id == of.account_id))
        .outerjoin(Unsealed, and_(same_community(Unsealed, of), Unsealed.transfer_id == of.transfer_id))
        .where(or_(Account.kind.in_(ROLLED_AT_ONCE), Unsealed.transfer_id.is_(None)))
    )


def _entries_of(days: FromClause) -> FromClause:
    """Both sides of the transfers of these accounts on these days: a seek in an index for each."""
    transfers: Any = Transfer.__table__
    of, wanted = transfers.c, days.c

    def side(sign: int) -> Select[Any]:
        is_side = and_(
            same_community(of, wanted),
            account_of(of, sign) == wanted.account_id,
            of.effective_at >= _start_of_day(wanted.starts_on, 0),
            of.effective_at < _start_of_day(wanted.starts_on, 1),
        )
        return select(*entry(of, sign)).join_from(days, transfers, is_side)

    return union_all(*map(side, SIGNS)).subquery("sides")


def _from_below(below: RollupLevel, level: RollupLevel, periods: FromClause | None) -> Select[Any]:
    """What each row of the level below says of its account and period."""
    of = Rollup.__table__.c
    start = _start_of(level, of.starts_on).label("starts_on")
    sums = (of[name] for name in SUMS)
    query = select(of.account_id, start, of.community_id, *sums, *_counted(expected=1, stored=0))
    if periods is None:
        return query.where(of.level == below)
    period = periods.c
    is_of_one = and_(same_community(of, period), of.account_id == period.account_id, of.level == period.below)
    is_within = and_(of.starts_on >= period.starts_on, of.starts_on < _end_of(level, period.starts_on))
    return query.join(periods, and_(is_of_one, is_within))


def _local_day(moment: Any) -> ColumnElement[Any]:
    """The business day of a transfer, counted by the engine. China has kept UTC+8 since 1991."""
    if is_postgresql():
        return cast(func.timezone("Asia/Shanghai", moment), Date)
    # Without the fraction of the second: SQLite would round it, 23:59:59.999999 into the next day.
    seconds = func.substr(type_coerce(moment, String), 1, len("2026-10-12 20:05:41"))
    return type_coerce(func.date(seconds, "+8 hours"), Date)


def _start_of_day(day: Any, days_later: int) -> ColumnElement[Any]:
    """The first moment of a business day, as transfers store it."""
    if is_postgresql():
        return func.timezone("Asia/Shanghai", cast(day + days_later, DateTime))
    return type_coerce(func.datetime(type_coerce(day, String), f"+{days_later} days", "-8 hours"), UtcDateTime())


def _start_of(level: RollupLevel, day: ColumnElement[Any]) -> ColumnElement[Any]:
    if is_postgresql():
        return cast(func.date_trunc(level.value, day), Date)
    return type_coerce(func.date(type_coerce(day, String), f"start of {level}"), Date)


def _end_of(level: RollupLevel, start: ColumnElement[Any]) -> ColumnElement[Any]:
    """The first day of the next period."""
    if is_postgresql():
        return cast(start + literal_column(f"interval '1 {level}'"), Date)
    return type_coerce(func.date(type_coerce(start, String), f"+1 {level}"), Date)
