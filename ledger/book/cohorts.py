"""Cohorts: which of a wallet's points expire when.

Every debit and hold of a wallet that has dated points records what it draws from them, first-expiring first. Points
that never expire are what a wallet has beyond its cohorts; they need no row. Everything here runs under the wallet's
lock, in the transaction of the transfer or hold, and moves no balance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, union_all, update

from ledger.book.codes import Kind
from ledger.book.drafts import Draft
from ledger.book.errors import InsufficientPoints
from ledger.book.models import Balance, Cohort, Draw, Hold, Transfer
from ledger.core import clock
from ledger.core.db import connection, db
from ledger.core.ids import new_id
from ledger.core.many import insert_many
from ledger.core.tenancy import same_community, scoped, within
from ledger.core.upserts import Upsert

SWEPT_WITHIN_DAYS = 30
"""What has passed is emptied by the clock within this time, however long it stood still."""

_balances: Any = Balance.__table__
_cohorts: Any = Cohort.__table__
_draws: Any = Draw.__table__

Dated = dict[date, int]


class Expiring(NamedTuple):
    """Points of a wallet that can be used through `expires_on`, neither spent nor held."""

    expires_on: date
    points: int


def left_at(community_id: UUID, account_id: UUID, moment: datetime) -> list[Expiring]:
    """What was left of each cohort of a wallet at a past moment, with those that waited for their expiry then.

    The clock empties what has passed every night: so none is looked for that passed a month before.
    """
    day = clock.local_day(moment) - timedelta(days=SWEPT_WITHIN_DAYS)
    credited = scoped(community_id, Transfer.expires_on, Transfer.amount).where(
        Transfer.credit_account_id == account_id, Transfer.expires_on >= day, Transfer.recorded_at <= moment
    )
    drawn = scoped(community_id, Draw.expires_on).add_columns(-Draw.amount)
    drawn = drawn.where(Draw.account_id == account_id, Draw.expires_on >= day)
    spent = drawn.where(Draw.transfer_id == Transfer.id, within(community_id, Transfer), Transfer.recorded_at <= moment)
    held = drawn.where(
        Draw.hold_id == Hold.id,
        within(community_id, Hold),
        Hold.created_at <= moment,
        or_(Hold.ended_at.is_(None), Hold.ended_at > moment),
    )
    found: Dated = defaultdict(int)
    for expires_on, points in db.session.execute(union_all(credited, spent, held)):
        found[expires_on] += points
    return [Expiring(expires_on, found[expires_on]) for expires_on in sorted(found) if found[expires_on]]


@dataclass(slots=True)
class Purse:
    """What a wallet can give: `available` points in all, and how many of them expire on which day."""

    available: int
    left: Dated = field(default_factory=dict)

    def spendable(self, day: date) -> int:
        """Available points less those whose day has passed and that wait for their expiry."""
        return self.available - sum(points for expires_on, points in self.left.items() if expires_on < day)

    def take(self, amount: int, expires_on: date | None) -> int:
        """Up to `amount` is taken from this cohort alone, whatever its day (None: from what never expires)."""
        undated = self.available - sum(self.left.values())
        points = min(amount, undated if expires_on is None else self.left.get(expires_on, 0))
        if expires_on is not None and points:
            self.left[expires_on] -= points
        self.available -= points
        return points

    def draw(self, amount: int, *, day: date, first: Sequence[date | None] = ()) -> Dated:
        """`amount` is taken; returns what came from which cohort.

        From the cohorts in `first`, whatever their day; then first-expiring first from those that have not expired;
        then from what never expires. Raises InsufficientPoints.
        """
        spendable, taken, wanted = self.spendable(day), defaultdict[date, int](int), amount
        for expires_on in (*first, *sorted(one for one in self.left if one >= day), None):
            points = self.take(wanted, expires_on)
            wanted -= points
            if expires_on is not None and points:
                taken[expires_on] += points
        if wanted:
            raise InsufficientPoints(needed=amount, available=spendable)
        return taken


def read_purses(community_id: UUID, wallet_ids: Collection[UUID]) -> dict[UUID, Purse]:
    """The wallets as they stand, by account id. The caller holds their locks."""
    if not wallet_ids:
        return {}
    has_points = and_(same_community(Cohort, Balance), Cohort.account_id == Balance.account_id, Cohort.points_left > 0)
    query = (
        select(Balance.account_id, Balance.balance - Balance.held, Cohort.expires_on, Cohort.points_left)
        .outerjoin(Cohort, has_points)
        .where(within(community_id, Balance), Balance.account_id.in_(wallet_ids))
    )
    purses: dict[UUID, Purse] = {}
    for account_id, available, expires_on, points in db.session.execute(query):
        purse = purses.setdefault(account_id, Purse(int(available)))
        if expires_on is not None:
            purse.left[expires_on] = points
    return purses


# --- what a call gives and takes ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Moves:
    """What a call does to cohorts: points given and taken by wallet and day, and the draws to be recorded."""

    community_id: UUID
    given: dict[tuple[UUID, date], int] = field(default_factory=lambda: defaultdict(int))
    taken: dict[tuple[UUID, date], int] = field(default_factory=lambda: defaultdict(int))
    draws: list[dict[str, Any]] = field(default_factory=list)

    def give(self, account_id: UUID, dated: Dated) -> None:
        for expires_on, points in dated.items():
            self.given[account_id, expires_on] += points

    def take(self, account_id: UUID, dated: Dated) -> None:
        for expires_on, points in dated.items():
            self.taken[account_id, expires_on] += points

    def record(
        self, account_id: UUID, dated: Dated, *, transfer_id: UUID | None = None, hold_id: UUID | None = None
    ) -> None:
        self.draws += [
            {
                "community_id": self.community_id,
                "id": new_id(),
                "account_id": account_id,
                "transfer_id": transfer_id,
                "hold_id": hold_id,
                "expires_on": expires_on,
                "amount": points,
            }
            for expires_on, points in dated.items()
            if points
        ]

    def write(self) -> None:
        """In the order of wallet and day, so that two calls never wait for each other."""
        given = [
            {"community_id": self.community_id, "account_id": key[0], "expires_on": key[1], "points_left": points}
            for key, points in sorted(self.given.items(), key=_in_order)
            if points
        ]
        if given:
            _GIVE.run(given)
        taken = [
            {"of_community": self.community_id, "of_account": key[0], "of_day": key[1], "points": points}
            for key, points in sorted(self.taken.items(), key=_in_order)
            if points
        ]
        if taken:
            connection().execute(_TAKE, taken)
        insert_many(_draws, self.draws)
        self._write_dated()

    def _write_dated(self) -> None:
        changed: dict[UUID, int] = defaultdict(int)
        for moves, sign in ((self.given, 1), (self.taken, -1)):
            for (account_id, _), points in moves.items():
                changed[account_id] += sign * points
        rows = [
            {"of_community": self.community_id, "of_account": account_id, "points": points}
            for account_id, points in sorted(changed.items(), key=lambda item: item[0].int)
            if points
        ]
        if rows:
            connection().execute(_DATED, rows)


def _in_order(item: tuple[tuple[UUID, date], int]) -> tuple[int, date]:
    return item[0][0].int, item[0][1]


# Points are added to their cohorts; the member is told of them again.
_GIVE = Upsert(
    _cohorts,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["community_id", "account_id", "expires_on"],
        set_={"points_left": _cohorts.c.points_left + insert.excluded.points_left, "noticed_on": None},
    ),
)


_DATED = (
    update(_balances)
    .where(
        within(bindparam("of_community"), Balance),  # type: ignore[arg-type]
        _balances.c.account_id == bindparam("of_account"),
    )
    .values(dated=_balances.c.dated + bindparam("points"))
)

_TAKE = (
    update(_cohorts)
    .where(
        within(bindparam("of_community"), Cohort),  # type: ignore[arg-type]
        _cohorts.c.account_id == bindparam("of_account"),
        _cohorts.c.expires_on == bindparam("of_day"),
    )
    .values(points_left=_cohorts.c.points_left - bindparam("points"))
)


def settle(community_id: UUID, written: Sequence[tuple[UUID, Draft]], *, day: date) -> None:
    """The cohorts of all wallets are as these transfers leave them, and what each drew is recorded.

    Credits count before debits, as they do for the balance. Balances have been moved and are locked. Raises
    InsufficientPoints when only points whose day has passed would be left to pay with.
    """
    moves = _Moves(community_id)
    for _, draft in written:
        if draft.credit.kind is Kind.WALLET and draft.expires_on is not None:
            moves.give(draft.credit.id_in(community_id), {draft.expires_on: draft.amount})
    debits = [(transfer_id, draft) for transfer_id, draft in written if draft.debit.kind is Kind.WALLET]
    beyond = _settle_posted(moves, debits)
    _settle_debits(moves, beyond, day)
    moves.write()


def _settle_posted(moves: _Moves, debits: Sequence[tuple[UUID, Draft]]) -> list[tuple[UUID, Draft]]:
    """A posted hold's draws become the transfer's; what it held too much goes back. Returns what no hold covers."""
    of_holds = draws_of_holds(
        moves.community_id, [draft.hold.id for _, draft in debits if draft.hold and draft.hold.drawn]
    )
    beyond = []
    for transfer_id, draft in debits:
        if draft.hold is None:
            beyond.append((transfer_id, draft))
            continue
        account_id = draft.debit.id_in(moves.community_id)
        drawn = of_holds.get(draft.hold.id, {})
        used = _first(drawn, draft.amount)
        moves.record(account_id, used, transfer_id=transfer_id)
        moves.give(account_id, {day: points - used.get(day, 0) for day, points in drawn.items()})
        if draft.amount > draft.hold.amount:
            beyond.append((transfer_id, replace(draft, amount=draft.amount - draft.hold.amount)))
    return beyond


def _first(dated: Dated, amount: int) -> Dated:
    """The first-expiring `amount` of these points, or all."""
    found: Dated = {}
    for expires_on in sorted(dated):
        found[expires_on] = min(dated[expires_on], amount - sum(found.values()))
    return found


def _settle_debits(moves: _Moves, debits: Sequence[tuple[UUID, Draft]], day: date) -> None:
    purses = read_purses(moves.community_id, {draft.debit.id_in(moves.community_id) for _, draft in debits})
    for _, draft in debits:
        purses[draft.debit.id_in(moves.community_id)].available += draft.amount
    for (account_id, expires_on), points in moves.given.items():
        if account_id in purses:
            left = purses[account_id].left
            left[expires_on] = left.get(expires_on, 0) + points
    for transfer_id, draft in debits:
        account_id = draft.debit.id_in(moves.community_id)
        drawn = purses[account_id].draw(draft.amount, day=day, first=draft.draws_first)
        moves.take(account_id, drawn)
        moves.record(account_id, drawn, transfer_id=transfer_id)


def draw_for_hold(hold: Hold) -> None:
    """The points that the hold set aside are drawn from their cohorts. Raises InsufficientPoints."""
    moves = _Moves(hold.community_id)
    purse = read_purses(hold.community_id, [hold.account_id])[hold.account_id]
    purse.available += hold.amount
    drawn = purse.draw(hold.amount, day=clock.today())
    hold.drawn = sum(drawn.values())
    moves.take(hold.account_id, drawn)
    moves.record(hold.account_id, drawn, hold_id=hold.id)
    moves.write()


def give_back_holds(community_id: UUID, holds: Iterable[Hold]) -> None:
    """What ended holds had drawn is in its own cohorts again, with its own dates."""
    accounts = {hold.id: hold.account_id for hold in holds}
    moves = _Moves(community_id)
    for hold_id, dated in draws_of_holds(community_id, list(accounts)).items():
        moves.give(accounts[hold_id], dated)
    moves.write()


def draws_of_holds(community_id: UUID, hold_ids: Sequence[UUID]) -> dict[UUID, Dated]:
    """What each hold drew from which cohort."""
    if not hold_ids:
        return {}
    query = scoped(community_id, Draw.hold_id, Draw.expires_on, Draw.amount).where(Draw.hold_id.in_(hold_ids))
    return _by_taker(db.session.execute(query))


def _by_taker(rows: Iterable[Any]) -> dict[UUID, Dated]:
    found: dict[UUID, Dated] = defaultdict(dict)
    for taker_id, expires_on, points in rows:
        found[taker_id][expires_on] = points
    return found
