"""The named checks of expiring points: what was drawn, and what is left of each cohort."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, FromClause, and_, case, func, or_, select, union, union_all

from ledger.book.checks import findings_of
from ledger.book.codes import Code
from ledger.book.models import Balance, Cohort, Draw, Hold, HoldState, Transfer
from ledger.book.newest import transfers_in
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community

_draws: Any = Draw.__table__
_cohorts: Any = Cohort.__table__
_transfers: Any = Transfer.__table__


@check("draws_match")
def draws_match(part: Part) -> Iterator[Finding]:
    """What a transfer or hold drew from expiring points lies within its amount, in its own wallet; expiry drew all.

    Of what is new: of new transfers and of placed holds.
    """
    of = transfers_in(part).c
    drawn = func.sum(_draws.c.amount)
    took = and_(same_community(_draws.c, of), _draws.c.transfer_id == of.id)
    is_own = func.min(case((_draws.c.account_id == of.debit_account_id, 1), else_=0))
    of_transfer = (
        select(of.community_id, of.id, of.amount, drawn)
        .join_from(transfers_in(part), _draws, took)
        .group_by(of.community_id, of.id, of.amount, of.code, of.debit_account_id)
        .having(or_(drawn > of.amount, and_(of.code == Code.EXPIRE, drawn != of.amount), is_own == 0))
    )
    yield from findings_of("draws_match", of_transfer, "transfer {0}: amount {1}, draws {2}")
    undrawn = (
        select(of.community_id, of.id)
        .outerjoin_from(transfers_in(part), _draws, took)
        .where(of.code == Code.EXPIRE, _draws.c.id.is_(None))
    )
    yield from findings_of("draws_match", undrawn, "transfer {0}: points expired that no cohort had")
    is_own = func.min(case((_draws.c.account_id == Hold.account_id, 1), else_=0))
    of_hold = (
        select(Hold.community_id, Hold.id, Hold.amount, drawn)
        .join(_draws, and_(same_community(_draws.c, Hold), _draws.c.hold_id == Hold.id))
        .group_by(Hold.community_id, Hold.id, Hold.amount, Hold.account_id)
        .having(or_(drawn > Hold.amount, is_own == 0))
    )
    of_hold = of_hold.where(Hold.state == HoldState.PLACED) if part.is_new else of_hold
    yield from findings_of("draws_match", of_hold, "hold {0}: amount {1}, draws {2}")


@check("cohorts_match")
def cohorts_match(part: Part) -> Iterator[Finding]:
    """What is left of each cohort is credits - draws - draws of live holds, and no wallet has less available.

    Of what is new: of the cohorts that new transfers and placed holds touched.
    """
    moves = _moves(part).subquery().c
    key = (moves.community_id, moves.account_id, moves.expires_on)
    said = select(*key, func.sum(moves.points).label("points")).group_by(*key).subquery().c
    same = and_(
        same_community(said, _cohorts.c),
        said.account_id == _cohorts.c.account_id,
        said.expires_on == _cohorts.c.expires_on,
    )
    left = func.coalesce(_cohorts.c.points_left, 0)
    from_moves = (
        select(said.community_id, said.account_id, said.expires_on, left, said.points)
        .outerjoin_from(said.points.table, _cohorts, same)
        .where(left != said.points)
    )
    yield from findings_of("cohorts_match", from_moves, "wallet {0}, {1}: {2} left, transfers say {3}")
    if not part.is_new:
        unsaid = (
            select(_cohorts.c.community_id, _cohorts.c.account_id, _cohorts.c.expires_on, _cohorts.c.points_left)
            .outerjoin_from(_cohorts, said.points.table, same)
            .where(said.points.is_(None), _cohorts.c.points_left != 0)
        )
        yield from findings_of("cohorts_match", unsaid, "wallet {0}, {1}: {2} left, transfers say nothing")
    yield from _more_than_available(part)


def _more_than_available(part: Part) -> Iterator[Finding]:
    of = (Balance.community_id, Balance.account_id, Balance.balance, Balance.held, Balance.dated)
    left = func.coalesce(func.sum(_cohorts.c.points_left), 0)
    query = (
        select(*of, left)
        .outerjoin(_cohorts, and_(same_community(_cohorts.c, Balance), _cohorts.c.account_id == Balance.account_id))
        .group_by(*of, Balance.slot)
        .having(or_(and_(left > 0, left > Balance.balance - Balance.held), left != Balance.dated))
    )
    if part.is_new:
        touched = _touched(part).c
        wallets = select(touched.community_id, touched.account_id).distinct().subquery().c
        query = query.join(
            wallets.account_id.table,
            and_(same_community(wallets, Balance), wallets.account_id == Balance.account_id),
        )
    yield from findings_of("cohorts_match", query, "wallet {0}: {1} less {2} held, {3} dated, but {4} expire")


def _moves(part: Part) -> CompoundSelect[Any]:
    """Every credit with a date, and every draw that counts, as points of a cohort."""
    credited = select(
        _transfers.c.community_id,
        _transfers.c.credit_account_id.label("account_id"),
        _transfers.c.expires_on,
        _transfers.c.amount.label("points"),
    ).where(_transfers.c.expires_on.is_not(None))
    drawn = select(_draws.c.community_id, _draws.c.account_id, _draws.c.expires_on, -_draws.c.amount)
    spent = drawn.where(_draws.c.transfer_id.is_not(None))
    live = and_(same_community(Hold, _draws.c), Hold.id == _draws.c.hold_id)
    held = drawn.join(Hold, live).where(Hold.state == HoldState.PLACED)
    if part.is_new:
        touched = _touched(part)
        credited = credited.join(touched, _is_same(touched, _transfers.c, _transfers.c.credit_account_id))
        spent = spent.join(touched, _is_same(touched, _draws.c, _draws.c.account_id))
        held = held.join(touched, _is_same(touched, _draws.c, _draws.c.account_id))
    return union_all(credited, spent, held)


def _is_same(touched: FromClause, of: Any, account_id: Any) -> Any:
    return and_(
        same_community(of, touched.c), touched.c.account_id == account_id, touched.c.expires_on == of.expires_on
    )


@lru_cache(maxsize=4)
def _touched(part: Part) -> FromClause:
    """The cohorts that new transfers credited or drew from, and those that placed holds drew from."""
    of = transfers_in(part).c
    credited = select(of.community_id, of.credit_account_id.label("account_id"), of.expires_on).where(
        of.expires_on.is_not(None)
    )
    drawn = select(_draws.c.community_id, _draws.c.account_id, _draws.c.expires_on)
    spent = drawn.join_from(
        transfers_in(part), _draws, and_(same_community(_draws.c, of), _draws.c.transfer_id == of.id)
    )
    held = drawn.join_from(Hold, _draws, and_(same_community(_draws.c, Hold), _draws.c.hold_id == Hold.id)).where(
        Hold.state == HoldState.PLACED
    )
    return union(credited, spent, held).cte("touched_cohorts").prefix_with("MATERIALIZED")
