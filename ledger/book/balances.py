"""Stored balances: the conditional change that makes overdrafts impossible, and what is read from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, and_, bindparam, func, or_, select, update

from ledger.book import past, slots
from ledger.book.accounts import AccountKey, accounts_of_member, debt_of
from ledger.book.codes import LOCK_ORDER, SLOTS, STORED, Kind
from ledger.book.cohorts import Expiring, left_at
from ledger.book.errors import HoldEnded, InsufficientFunds, InsufficientPoints
from ledger.book.models import Balance, Cohort, Hold, HoldState
from ledger.core import clock
from ledger.core.db import UtcDateTime, connection, db, is_postgresql, moment_now, savepoint
from ledger.core.tenancy import asked, same_community, scoped, within

_balances: Any = Balance.__table__


@dataclass(slots=True)
class Change:
    """What a call does to one stored balance (one slot of it); amounts in the account's unit.

    Afterwards `dated` says how much of the balance expires some day, and `at` when it was changed, read under its lock;
    None where that was not asked.
    """

    key: AccountKey
    slot: int = 0
    balance: int = 0
    held: int = 0
    earned: int = 0
    spent: int = 0
    dated: int | None = None
    at: datetime | None = None

    @property
    def needed(self) -> int:
        """How much must be available for it; ≤ 0 when it takes nothing."""
        return self.held - self.balance


class _FellShort(Exception):
    """Rolls back to the savepoint, so that the refusal's figures are those before the call."""


_CHANGE = (
    update(_balances)
    .where(
        within(bindparam("of_community"), Balance),  # type: ignore[arg-type]
        _balances.c.account_id == bindparam("of_account"),
        _balances.c.slot == bindparam("of_slot"),
        ~_balances.c.limited | (_balances.c.balance + bindparam("d") >= _balances.c.held + bindparam("h")),
        _balances.c.held + bindparam("h") >= 0,
    )
    .values(
        balance=_balances.c.balance + bindparam("d"),
        held=_balances.c.held + bindparam("h"),
        earned=_balances.c.earned + bindparam("e"),
        spent=_balances.c.spent + bindparam("s"),
    )
)


_CHANGE_ONE = _CHANGE.returning(_balances.c.dated)
_CHANGE_ONE_TIMED = _CHANGE.returning(_balances.c.dated, func.clock_timestamp(type_=UtcDateTime()))


def change_balances(community_id: UUID, changes: Sequence[Change]) -> None:
    """Every balance is changed within its limit, locked in the order of the house.

    Or InsufficientPoints, InsufficientFunds, HoldEnded.
    """
    ordered = in_lock_order(community_id, changes)
    single = [change for change in ordered if change.key.kind not in SLOTS]
    if single and not _apply_all(community_id, single, undo=len(single) > 1):
        _refuse_shortage(community_id, single)
        # Enough came in between the failure and the lock.
        assert _apply(community_id, single) == len(single), "an account was never opened"
    for change in ordered:
        # A short slot that we waited for must be let go before all slots are locked in order: else two would deadlock.
        if change.key.kind in SLOTS and not _apply_all(community_id, [change], undo=True):
            if change.needed > 0 and not slots.rebalance(community_id, change.key, change.slot, needed=change.needed):
                raise InsufficientFunds
            if not _apply(community_id, [change]):
                raise HoldEnded  # There is enough; what the slot does not have is what is to be let go.


def in_lock_order(community_id: UUID, changes: Sequence[Change]) -> list[Change]:
    """The changes in the order in which their balances are locked, whoever changes them."""
    return sorted(changes, key=lambda c: (c.key.lock_rank, c.key.id_in(community_id).int, c.slot))


def after_the_locks(changes: Sequence[Change]) -> datetime:
    """The moment after all of these were changed, by the database's clock where many processes share it."""
    return max((change.at for change in changes if change.at is not None), default=None) or moment_now()


def lock_in_order(community_id: UUID, keys: Collection[AccountKey]) -> None:
    """These balances are locked, wallets before debts before hours; whoever takes from slots locks those."""
    for kind in LOCK_ORDER:
        account_ids = [key.id_in(community_id) for key in keys if key.kind is kind and kind not in SLOTS]
        if account_ids:
            query = scoped(community_id, Balance.account_id).where(Balance.account_id.in_(account_ids))
            db.session.execute(query.order_by(Balance.account_id).with_for_update())


def _apply_all(community_id: UUID, changes: Sequence[Change], *, undo: bool) -> bool:
    """Could all be changed? If not, and `undo`, none was and no lock is kept. What only gives cannot fall short."""
    if not undo or all(change.needed <= 0 and change.held >= 0 for change in changes):
        return _apply(community_id, changes) == len(changes)
    try:
        with savepoint():
            if _apply(community_id, changes) != len(changes):
                raise _FellShort
    except _FellShort:
        return False
    return True


def _apply(community_id: UUID, changes: Sequence[Change]) -> int:
    rows = [
        {
            "of_community": community_id,
            "of_account": change.key.id_in(community_id),
            "of_slot": change.slot,
            "d": change.balance,
            "h": change.held,
            "e": change.earned,
            "s": change.spent,
        }
        for change in changes
    ]
    if len(rows) > 1:
        return int(connection().execute(_CHANGE, rows).rowcount)
    timed = is_postgresql() and not clock.is_set()
    found = connection().execute(_CHANGE_ONE_TIMED if timed else _CHANGE_ONE, rows[0]).first()
    if found is None:
        return 0
    changes[0].dated, changes[0].at = found[0], found[1] if timed else None
    return 1


def _refuse_shortage(community_id: UUID, changes: Sequence[Change]) -> None:
    """InsufficientPoints for the first wallet that falls short, HoldEnded where less is held than is let go.

    The wallets are locked afterwards, so the figures are those of this moment.
    """
    wallets = {change.key.id_in(community_id): change for change in changes if change.key.kind is Kind.WALLET}
    query = scoped(community_id, Balance.account_id, Balance.balance, Balance.held)
    query = query.where(Balance.account_id.in_(wallets)).order_by(Balance.account_id).with_for_update()
    rows = [(wallets[row.account_id], row.balance - row.held, row.held) for row in db.session.execute(query)]
    for change, available, _ in rows:
        if change.needed > available:
            raise InsufficientPoints(needed=change.needed, available=available)
    if any(held + change.held < 0 for change, _, held in rows):
        raise HoldEnded


def debts(community_id: UUID, member_ids: Collection[UUID]) -> dict[UUID, int]:
    """What each of these members still has to give back (points > 0); members without debt are left out."""
    if not member_ids:
        return {}
    members = {debt_of(member_id).id_in(community_id): member_id for member_id in member_ids}
    query = scoped(community_id, Balance.account_id, Balance.balance).where(
        Balance.account_id.in_(members), Balance.balance < 0
    )
    return {members[account_id]: -balance for account_id, balance in db.session.execute(query)}


@dataclass(frozen=True, slots=True)
class MemberBalance:
    """A member's figures: points posted, held, available, owed; lifetime earned and spent; minutes of service.

    Points whose day has passed are posted until the clock's work of the night, but not available. `expiring` is what
    of the available points expires when, first-expiring first; what never expires is not in it.
    """

    posted: int
    held: int
    available: int
    debt: int
    lifetime_earned: int
    lifetime_spent: int
    minutes: int
    expiring: tuple[Expiring, ...] = ()


def member_balance(
    community_id: UUID, member_id: UUID, *, at: datetime | None = None, aliases: Collection[UUID] = ()
) -> MemberBalance:
    """The member's figures now, or at a past moment as they are known now; a hold whose time is over counts as gone.

    The lifetime figures count what `aliases` (members merged into this one) earned and spent as well. Raises
    MomentInFuture.
    """
    read = _at_present if at is None else partial(_in_the_past, at=at)
    own = read(community_id, member_id)
    others = [read(community_id, alias) for alias in aliases]
    return replace(
        own,
        lifetime_earned=own.lifetime_earned + sum(one.lifetime_earned for one in others),
        lifetime_spent=own.lifetime_spent + sum(one.lifetime_spent for one in others),
    )


def _in_the_past(community_id: UUID, member_id: UUID, *, at: datetime) -> MemberBalance:
    past.refuse_future(at)
    keys = accounts_of_member(member_id)
    figures = past.figures_at(community_id, keys, at)
    wallet, debt, hours = (figures[key] for key in keys)
    wallet_id = keys[0].id_in(community_id)
    held = _held_at(community_id, wallet_id, at)
    cohorts, day = left_at(community_id, wallet_id, at), clock.local_day(at)
    overdue = sum(one.points for one in cohorts if one.expires_on < day)
    return MemberBalance(
        posted=wallet.balance,
        held=held,
        available=wallet.balance - held - overdue,
        debt=-debt.balance,
        lifetime_earned=wallet.earned + debt.balance,
        lifetime_spent=wallet.spent,
        minutes=hours.balance,
        expiring=tuple(one for one in cohorts if one.expires_on >= day),
    )


def _held_at(community_id: UUID, account_id: UUID, at: datetime) -> int:
    """What the account's holds kept back at a moment: placed by then, in time, and not yet ended."""
    held = select(func.coalesce(func.sum(Hold.amount), 0)).where(
        within(community_id, Hold),
        Hold.state.in_(list(HoldState)),  # All of them: so the index of live holds serves this too.
        Hold.account_id == account_id,
        Hold.expires_at > at,
        Hold.created_at <= at,
        or_(Hold.ended_at.is_(None), Hold.ended_at > at),
    )
    return int(db.session.scalar(held) or 0)


def _at_present(community_id: UUID, member_id: UUID) -> MemberBalance:
    """From the stored balances, in one statement."""
    wallet, debt, hours = (key.id_in(community_id) for key in accounts_of_member(member_id))
    named = {"of_community": community_id, "of_wallet": wallet, "of_debt": debt, "of_hours": hours, "at": clock.now()}
    found = connection().execute(_present(), named).all()
    rows = {row.account_id: row for row in found}
    cohorts = [Expiring(row.expires_on, row.points_left) for row in found if row.expires_on]
    purse, held = rows[wallet], rows[wallet].held - int(found[0].overdue)
    day = clock.today()
    return MemberBalance(
        posted=purse.balance,
        held=held,
        available=purse.balance - held - sum(one.points for one in cohorts if one.expires_on < day),
        debt=-rows[debt].balance,
        lifetime_earned=purse.earned + rows[debt].balance,
        lifetime_spent=purse.spent,
        minutes=rows[hours].balance,
        expiring=tuple(one for one in cohorts if one.expires_on >= day),
    )


@cache
def _present() -> Select[Any]:
    community_id, wallet = asked("of_community"), asked("of_wallet")
    figures = Balance.account_id, Balance.balance, Balance.held, Balance.earned, Balance.spent
    overdue = _overdue(community_id, wallet, bindparam("at", type_=UtcDateTime())).label("overdue")
    has_points = and_(same_community(Cohort, Balance), Cohort.account_id == Balance.account_id, Cohort.points_left > 0)
    query = select(*figures, overdue, Cohort.expires_on, Cohort.points_left).outerjoin(Cohort, has_points)
    own = Balance.account_id.in_([wallet, asked("of_debt"), asked("of_hours")])
    return query.where(within(community_id, Balance), own).order_by(Cohort.expires_on)


def _overdue(community_id: UUID, account_id: UUID, moment: Any) -> ScalarSelect[Any]:
    """SQL: the sum of the account's holds that are still written as placed though their time is over."""
    return (
        select(func.coalesce(func.sum(Hold.amount), 0))
        .where(
            within(community_id, Hold),
            Hold.account_id == account_id,
            Hold.state == HoldState.PLACED,
            Hold.expires_at <= moment,
        )
        .scalar_subquery()
    )


def account_balance(community_id: UUID, key: AccountKey, *, at: datetime | None = None) -> int:
    """Credits - debits of any account: what the community owes its holder, in the account's unit, now or at a moment.

    Raises MomentInFuture.
    """
    if at is not None:
        past.refuse_future(at)
        return past.balance_at(community_id, key, at)
    if key.kind not in STORED:
        return past.balance_now(community_id, key)
    named = {"of_community": community_id, "of_account": key.id_in(community_id)}
    return int(connection().scalar(_stored(), named) or 0)


@cache
def _stored() -> Select[Any]:
    is_its = Balance.account_id == asked("of_account")
    return select(func.sum(Balance.balance)).where(within(asked("of_community"), Balance), is_its)
