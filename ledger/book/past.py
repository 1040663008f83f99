"""Balances at any past time, from a few rollups and the movements of one day, however long the history is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, case, func, literal_column, select, union_all

from ledger.book.accounts import AccountKey
from ledger.book.codes import EARNED, SPENT
from ledger.book.errors import MomentInFuture
from ledger.book.models import Rollup, RollupLevel, Transfer, Unsealed
from ledger.book.rollups import ROLLED_AT_ONCE, periods_of
from ledger.core import clock
from ledger.core.db import connection, db
from ledger.core.tenancy import asked, same_community, scoped, within

_MOVED = (
    Transfer.debit_account_id,
    Transfer.credit_account_id,
    Transfer.code,
    Transfer.amount,
    Transfer.effective_at,
)


class Figures(NamedTuple):
    """An account's balance (credits - debits) in its unit; `earned` and `spent` mean something for wallets only."""

    balance: int = 0
    earned: int = 0
    spent: int = 0


def balance_at(community_id: UUID, key: AccountKey, moment: datetime, *, known_at: datetime | None = None) -> int:
    """Credits - debits of any account at a past moment: see `figures_at`."""
    return figures_at(community_id, [key], moment, known_at=known_at)[key].balance


def figures_at(
    community_id: UUID, keys: Iterable[AccountKey], moment: datetime, *, known_at: datetime | None = None
) -> dict[AccountKey, Figures]:
    """The figures of some accounts by all transfers that took effect at `moment` or before, in one statement.

    It reads at most a row for each complete year, month of that year and day of that month before the moment, and the
    movements of the moment's own day. For kinds that are rolled up when sealed it also reads what waits for its seal.
    `known_at` (None: everything known now) takes off again what was recorded later: all of it is backdated, so a
    small index serves it. A `moment` after `known_at` is `known_at`.
    """
    found = {key.id_in(community_id): key for key in keys}
    pieces = what_is_read(community_id, found, moment, known_at=known_at)
    return {key: Figures() for key in found.values()} | {
        found[account_id]: figures for account_id, figures in _add_up(pieces)
    }


def what_is_read(
    community_id: UUID, accounts: dict[UUID, AccountKey], moment: datetime, *, known_at: datetime | None = None
) -> list[Select[Any]]:
    """The queries whose rows add up to the accounts' figures."""
    if known_at is not None and known_at < moment:
        moment = known_at
    # A day's bound reads no movement: its last microsecond has the whole day behind it.
    today = clock.local_day(moment + timedelta(microseconds=1))
    midnight = clock.start_of_day(today)
    pieces = [
        *_rolled_before(community_id, set(accounts), today),
        *_between(community_id, accounts, midnight, moment),
    ]
    rolled_when_sealed = {account_id for account_id, key in accounts.items() if key.kind not in ROLLED_AT_ONCE}
    if rolled_when_sealed:
        pieces += _waiting(community_id, rolled_when_sealed, before=midnight)
    if known_at is not None:
        pieces += _learnt_later(community_id, accounts, moment, known_at)
    return pieces


def balance_now(community_id: UUID, key: AccountKey) -> int:
    """Credits - debits of an account of a kind that is rolled up when sealed: a row a year and what waits."""
    named = {"of_community": community_id, "of_account": key.id_in(community_id)}
    found = connection().execute(_of_now(), named).one_or_none()
    return int(found[1]) if found else 0


@cache
def _of_now() -> Select[Any]:
    community_id, account_ids = asked("of_community"), [asked("of_account")]
    years = _rolled(community_id, account_ids).where(Rollup.level == RollupLevel.YEAR)
    return _sums([years, *_waiting(community_id, account_ids, before=None)])


def refuse_future(moment: datetime) -> None:
    """Raises MomentInFuture."""
    if moment > clock.now():
        raise MomentInFuture


def just_before(moment: datetime) -> datetime:
    """The last moment before this one that a transfer can have: both engines count microseconds."""
    return moment - timedelta(microseconds=1)


def _add_up(pieces: list[Select[Any]]) -> Iterator[tuple[UUID, Figures]]:
    for account_id, *sums in db.session.execute(_sums(pieces)):
        yield account_id, Figures(*map(int, sums))


def _sums(pieces: list[Select[Any]]) -> Select[Any]:
    rows = union_all(*pieces).subquery().c
    query = select(rows.account_id, func.sum(rows.amount), func.sum(rows.earned), func.sum(rows.spent))
    return query.group_by(rows.account_id)


def _rolled(community_id: UUID, account_ids: Iterable[UUID]) -> Select[Any]:
    query = scoped(community_id, Rollup.account_id, Rollup.amount, Rollup.earned, Rollup.spent)
    return query.where(Rollup.account_id.in_(account_ids))


def _rolled_before(community_id: UUID, account_ids: set[UUID], day: date) -> Iterator[Select[Any]]:
    """The complete years before the day, the complete months of its year, the complete days of its month."""
    first = date.min
    for level, ends_before in reversed([*periods_of(day)]):
        yield _rolled(community_id, account_ids).where(
            Rollup.level == level, Rollup.starts_on >= first, Rollup.starts_on < ends_before
        )
        first = ends_before


def _sides(account_ids: Iterable[UUID], source: Any, *, sign: int = 1) -> Iterator[Select[Any]]:
    """The movements of the accounts among the source's transfers, from both sides."""
    for account_id, way in ((source.debit_account_id, -1), (source.credit_account_id, 1)):
        amount = way * source.amount
        yield select(
            account_id.label("account_id"),
            (sign * amount).label("amount"),
            (sign * _part(source.code, way, amount, EARNED)).label("earned"),
            (-sign * _part(source.code, way, amount, SPENT)).label("spent"),
        ).where(account_id.in_(account_ids))


def _part(code: Any, way: int, amount: Any, moves: Iterable[tuple[str, int]]) -> Any:
    return case((code.in_(sorted(of for of, sign in moves if sign == way)), amount), else_=literal_column("0"))


def _between(
    community_id: UUID, account_ids: Iterable[UUID], starts_at: datetime, moment: datetime
) -> Iterator[Select[Any]]:
    """The movements from the start of the day up to the moment."""
    for side in _sides(account_ids, Transfer):
        yield side.where(
            within(community_id, Transfer), Transfer.effective_at >= starts_at, Transfer.effective_at <= moment
        )


def _waiting(community_id: UUID, account_ids: Iterable[UUID], *, before: datetime | None) -> Iterator[Select[Any]]:
    """What waits for its seal and so is in no rollup of these accounts; None: whenever it took effect.

    The rows are found once, and nothing but `unsealed` names the community: else SQLite starts from the whole history.
    """
    query = select(*_MOVED).join(
        Unsealed, and_(same_community(Unsealed, Transfer), Unsealed.transfer_id == Transfer.id)
    )
    waiting = query.where(within(community_id, Unsealed)).cte("waiting").c
    for side in _sides(account_ids, waiting):
        yield side if before is None else side.where(waiting.effective_at < before)


def _learnt_later(
    community_id: UUID, account_ids: Iterable[UUID], moment: datetime, known_at: datetime
) -> Iterator[Select[Any]]:
    """What took effect by then but was recorded after `known_at`, to be taken off: an index holds what is backdated."""
    for side in _sides(account_ids, Transfer, sign=-1):
        yield side.where(
            within(community_id, Transfer),
            Transfer.recorded_at > known_at,
            Transfer.effective_at < Transfer.recorded_at,
            Transfer.effective_at <= moment,
        )
