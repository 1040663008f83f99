"""Merging the accounts of two members of one person, and taking them apart again: see docs/adr/0015.

Every point keeps the date it has. Debt goes along, and is repaid by the next awards as anywhere. Taken apart, the
merged member gets back what it brought (with what has changed since of its own awards and redemptions), first from
what is left of those points, then from the other points, and then by a debt of whoever has used them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased

from ledger.book.accounts import AccountKey, accounts_of_member, debt_of, hours_of, wallet_of
from ledger.book.balances import debts, lock_in_order
from ledger.book.codes import Code
from ledger.book.cohorts import Purse, read_purses
from ledger.book.drafts import Draft, Source
from ledger.book.errors import OpenHolds
from ledger.book.holds import expire_overdue
from ledger.book.models import Balance, Transfer
from ledger.book.transfers import post_transfers
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import Actor, scoped, within

Claims = dict[date | None, int]
"""Points by the last day they can be used; None: those that never expire."""


class Holding(NamedTuple):
    """What a member has in the books: points (≥ 0), debt (≥ 0), minutes, and how many of the points are held."""

    points: int
    debt: int
    minutes: int
    held: int = 0


def holding_of(community_id: UUID, member_id: UUID) -> Holding:
    """What would move, read without locks."""
    wallet, debt, hours = (key.id_in(community_id) for key in accounts_of_member(member_id))
    query = scoped(community_id, Balance).where(Balance.account_id.in_((wallet, debt, hours)))
    rows = {row.account_id: row for row in db.session.scalars(query.execution_options(populate_existing=True))}
    return Holding(rows[wallet].balance, -rows[debt].balance, rows[hours].balance, rows[wallet].held)


def join_accounts(actor: Actor, from_id: UUID, into_id: UUID, *, source: Source) -> Holding:
    """Everything that `from_id` has is `into_id`'s, each point with its date; returns what moved.

    Runs in the caller's transaction. Raises OpenHolds when points are set aside for something that is not decided.
    """
    keys = [*accounts_of_member(from_id), *accounts_of_member(into_id)]
    expire_overdue(actor.tenant, wallet_of(from_id))
    lock_in_order(actor.tenant, keys)
    moving = holding_of(actor.tenant, from_id)
    if moving.held:
        raise OpenHolds(held=moving.held)
    wallet_id = wallet_of(from_id).id_in(actor.tenant)
    purse = read_purses(actor.tenant, [wallet_id])[wallet_id]
    legs = _Legs(source)
    for expires_on, points in _dated(purse):
        legs.add(wallet_of(from_id), wallet_of(into_id), points, expires_on)
    legs.add(debt_of(into_id), debt_of(from_id), moving.debt)
    legs.add(hours_of(from_id), hours_of(into_id), moving.minutes)
    post_transfers(actor, legs.drafts)
    return moving


def hand_over_points(actor: Actor, from_id: UUID, into_id: UUID, *, source: Source) -> int:
    """The points of `from_id` alone are `into_id`'s, each with its date (an heir's); debt is paid from them first.

    Returns how many arrived. Runs in the caller's transaction. Raises OpenHolds.
    """
    expire_overdue(actor.tenant, wallet_of(from_id))
    lock_in_order(actor.tenant, [wallet_of(from_id), wallet_of(into_id), debt_of(from_id)])
    moving = holding_of(actor.tenant, from_id)
    if moving.held:
        raise OpenHolds(held=moving.held)
    wallet_id = wallet_of(from_id).id_in(actor.tenant)
    purse = read_purses(actor.tenant, [wallet_id])[wallet_id]
    owed = min(moving.debt, max(0, purse.spendable(clock.today())))
    if owed:
        repay = Draft(code=Code.REPAY, debit=wallet_of(from_id), credit=debt_of(from_id), amount=owed, source=source)
        post_transfers(actor, [repay])
        purse = read_purses(actor.tenant, [wallet_id])[wallet_id]
    legs = _Legs(source)
    for expires_on, points in _dated(purse):
        legs.add(wallet_of(from_id), wallet_of(into_id), points, expires_on)
    post_transfers(actor, legs.drafts)
    return sum(draft.amount for draft in legs.drafts)


def _dated(purse: Purse) -> list[tuple[date | None, int]]:
    undated = purse.available - sum(purse.left.values())
    return [*sorted(purse.left.items()), (None, undated)]


@dataclass(slots=True)
class _Legs:
    """The transfers of one merge, or of taking it apart, each a part of the same source."""

    source: Source
    drafts: list[Draft] = field(default_factory=list)

    def add(self, debit: AccountKey, credit: AccountKey, amount: int, expires_on: date | None = None) -> None:
        if amount:
            draft = Draft(
                code=Code.MERGE,
                debit=debit,
                credit=credit,
                amount=amount,
                source=self.source,
                part=len(self.drafts),
                expires_on=expires_on,
                draws_first=(expires_on,),
            )
            self.drafts.append(draft)


class Merged(NamedTuple):
    """A merge as the books know it: its source, and when it was."""

    type: str
    id: UUID
    at: datetime


def split_accounts(actor: Actor, from_id: UUID, into_id: UUID, *, merge: Merged, source: Source) -> Holding:
    """`from_id` has again what it brought by the `merge`; returns what went back.

    Points whose day has passed are not given back: they would have expired there too. What `into_id` no longer has
    is debited to its debt, so that `from_id` loses nothing. Debt that `into_id` has repaid meanwhile comes back to it
    as points. Runs in the caller's transaction.
    """
    keys = [*accounts_of_member(from_id), *accounts_of_member(into_id)]
    expire_overdue(actor.tenant, wallet_of(into_id))
    lock_in_order(actor.tenant, keys)
    brought = _brought(actor.tenant, from_id, into_id, merge)
    points, short = _net(brought.points)
    owed = debts(actor.tenant, [into_id]).get(into_id, 0)
    wallet_id = wallet_of(into_id).id_in(actor.tenant)
    purse = read_purses(actor.tenant, [wallet_id])[wallet_id]
    legs = _Legs(source)
    for expires_on, amount in points:
        given, rest = _give(purse, amount, expires_on)
        legs.add(wallet_of(into_id), wallet_of(from_id), given, expires_on)
        legs.add(debt_of(into_id), wallet_of(from_id), rest, expires_on)
    debt = brought.debt + short
    legs.add(debt_of(from_id), debt_of(into_id), min(debt, owed))
    legs.add(debt_of(from_id), wallet_of(into_id), debt - min(debt, owed))
    legs.add(hours_of(into_id), hours_of(from_id), brought.minutes)
    post_transfers(actor, legs.drafts)
    returned = sum(draft.amount for draft in legs.drafts if draft.credit == wallet_of(from_id))
    return Holding(returned, debt, brought.minutes)


def _give(purse: Purse, amount: int, expires_on: date | None) -> tuple[int, int]:
    """How much of it the purse gives back, and how much becomes a debt."""
    day = clock.today()
    own = purse.take(amount, expires_on)
    if expires_on is not None and expires_on < day:
        return own, 0
    others = min(amount - own, max(0, purse.spendable(day)))
    purse.draw(others, day=day)
    return own + others, amount - own - others


def _net(claims: Claims) -> tuple[list[tuple[date | None, int]], int]:
    """The claims in the order of their days, those below nothing taken off the others; and what even they lack."""
    short = -sum(points for points in claims.values() if points < 0)
    found: list[tuple[date | None, int]] = []
    ordered = sorted(claims, key=lambda day: day or date.max)
    for expires_on in ordered:
        points = max(0, claims[expires_on])
        less = min(points, short)
        short -= less
        found.append((expires_on, points - less))
    return found, short


class _Brought(NamedTuple):
    points: Claims
    debt: int
    minutes: int


def _brought(community_id: UUID, from_id: UUID, into_id: UUID, merge: Merged) -> _Brought:
    """What the merge moved, and what has come and gone since of the merged member's own transfers."""
    moved = scoped(community_id, Transfer).where(
        Transfer.code == Code.MERGE, Transfer.source_type == merge.type, Transfer.source_id == merge.id
    )
    own_wallet, own_debt, own_hours = (key.id_in(community_id) for key in accounts_of_member(from_id))
    points: Claims = defaultdict(int)
    debt = minutes = 0
    for row in db.session.scalars(moved):
        points[row.expires_on] += row.amount if row.debit_account_id == own_wallet else 0
        debt += row.amount if row.credit_account_id == own_debt else 0
        minutes += row.amount if row.debit_account_id == own_hours else 0
    wallet, owed, hours = (key.id_in(community_id) for key in accounts_of_member(into_id))
    original = aliased(Transfer)
    since = (
        scoped(community_id, Transfer)
        .add_columns(original.expires_on, original.debit_account_id)
        .where(
            within(community_id, original),
            Transfer.reverses_id == original.id,
            Transfer.recorded_at >= merge.at,
            or_(
                and_(Transfer.credit_account_id == wallet, original.debit_account_id == own_wallet),
                and_(Transfer.debit_account_id.in_((wallet, owed)), original.credit_account_id == own_wallet),
                and_(Transfer.debit_account_id == hours, original.credit_account_id == own_hours),
            ),
        )
    )
    for row, expires_on, debited in db.session.execute(since):
        if row.debit_account_id == hours:
            minutes -= row.amount
        elif debited == own_wallet and row.credit_account_id == wallet:
            points[row.expires_on] += row.amount
        else:
            points[expires_on] -= row.amount
    return _Brought(points, debt, minutes)
