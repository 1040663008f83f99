"""The named checks of expiring points: what was drawn, and what is left of each cohort."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, FromClause, Select, and_, case, func, or_, select, tuple_, union, union_all
from sqlalchemy.sql import ColumnElement

from ledger.book.checks import findings_of
from ledger.book.codes import Code
from ledger.book.models import Balance, Cohort, Draw, Hold, HoldState, Transfer
from ledger.book.newest import kept, transfers_in
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
    yield from findings_of("draws_match", _overdrawn_by_transfers(part), "transfer {0}: amount {1}, draws {2}")
    yield from findings_of("draws_match", _undrawn(part), "transfer {0}: points expired that no cohort had")
    yield from findings_of("draws_match", _overdrawn_by_holds(part), "hold {0}: amount {1}, draws {2}")


def _took(part: Part) -> ColumnElement[bool]:
    of = transfers_in(part).c
    return and_(same_community(_draws.c, of), _draws.c.transfer_id == of.id)


@lru_cache(maxsize=4)
def _overdrawn_by_transfers(part: Part) -> Select[Any]:
    of = transfers_in(part).c
    drawn = func.sum(_draws.c.amount)
    is_own = func.min(case((_draws.c.account_id == of.debit_account_id, 1), else_=0))
    return (
        select(of.community_id, of.id, of.amount, drawn)
        .join_from(transfers_in(part), _draws, _took(part))
        .group_by(of.community_id, of.id, of.amount, of.code, of.debit_account_id)
        .having(or_(drawn > of.amount, and_(of.code == Code.EXPIRE, drawn != of.amount), is_own == 0))
    )


@lru_cache(maxsize=4)
def _undrawn(part: Part) -> Select[Any]:
    of = transfers_in(part).c
    return (
        select(of.community_id, of.id)
        .outerjoin_from(transfers_in(part), _draws, _took(part))
        .where(of.code == Code.EXPIRE, _draws.c.id.is_(None))
    )


@lru_cache(maxsize=4)
def _overdrawn_by_holds(part: Part) -> Select[Any]:
    drawn = func.sum(_draws.c.amount)
    is_own = func.min(case((_draws.c.account_id == Hold.account_id, 1), else_=0))
    of_hold = (
        select(Hold.community_id, Hold.id, Hold.amount, drawn)
        .join(_draws, and_(same_community(_draws.c, Hold), _draws.c.hold_id == Hold.id))
        .group_by(Hold.community_id, Hold.id, Hold.amount, Hold.account_id)
        .having(or_(drawn > Hold.amount, is_own == 0))
    )
    return of_hold.where(Hold.state == HoldState.PLACED) if part.is_new else of_hold


@check("cohorts_match")
def cohorts_match(part: Part) -> Iterator[Finding]:
    """What is left of each cohort is credits - draws - draws of live holds, and no wallet has less available.

    Of what is new: of the cohorts that new transfers and placed holds touched.
    """
    yield from findings_of("cohorts_match", _otherwise_said(part), "wallet {0}, {1}: {2} left, transfers say {3}")
    if not part.is_new:
        yield from findings_of("cohorts_match", _unsaid(part), "wallet {0}, {1}: {2} left, transfers say nothing")
    words = "wallet {0}: {1} less {2} held, {3} dated, but {4} expire"
    yield from findings_of("cohorts_match", _more_than_available(part), words)


@lru_cache(maxsize=4)
def _said(part: Part) -> FromClause:
    """The points of each cohort, as all that moved them says."""
    moves = _moves(part).subquery().c
    key = (moves.community_id, moves.account_id, moves.expires_on)
    return select(*key, func.sum(moves.points).label("points")).group_by(*key).subquery()


def _is_said(part: Part) -> ColumnElement[bool]:
    said = _said(part).c
    return and_(
        same_community(said, _cohorts.c),
        said.account_id == _cohorts.c.account_id,
        said.expires_on == _cohorts.c.expires_on,
    )


@lru_cache(maxsize=4)
def _otherwise_said(part: Part) -> Select[Any]:
    said, left = _said(part).c, func.coalesce(_cohorts.c.points_left, 0)
    return (
        select(said.community_id, said.account_id, said.expires_on, left, said.points)
        .outerjoin_from(_said(part), _cohorts, _is_said(part))
        .where(left != said.points)
    )


@lru_cache(maxsize=4)
def _unsaid(part: Part) -> Select[Any]:
    return (
        select(_cohorts.c.community_id, _cohorts.c.account_id, _cohorts.c.expires_on, _cohorts.c.points_left)
        .outerjoin_from(_cohorts, _said(part), _is_said(part))
        .where(_said(part).c.points.is_(None), _cohorts.c.points_left != 0)
    )


@lru_cache(maxsize=4)
def _more_than_available(part: Part) -> Select[Any]:
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
        wallets = select(touched.community_id, touched.account_id).distinct()
        query = query.where(tuple_(Balance.community_id, Balance.account_id).in_(wallets))
    return query


def _moves(part: Part) -> CompoundSelect[Any]:
    """Every credit with a date, and every draw that counts, as points of a cohort."""
    credit, draw = _transfers.c, _draws.c
    return union_all(
        _moved(part, _transfers, credit.credit_account_id, credit.amount, credit.expires_on.is_not(None)),
        _moved(part, _draws, draw.account_id, -draw.amount, draw.transfer_id.is_not(None)),
        _moved(part, _draws, draw.account_id, -draw.amount, _is_held()),
    )


def _moved(part: Part, table: Any, account_id: Any, points: Any, counts: ColumnElement[bool]) -> Select[Any]:
    """The points of the rows that count; of what is new, those of the touched cohorts."""
    of, points = table.c, points.label("points")
    if not part.is_new:
        return select(of.community_id, account_id.label("account_id"), of.expires_on, points).where(counts)
    cohorts = _touched(part)
    one = cohorts.c
    is_same = and_(same_community(of, one), account_id == one.account_id, of.expires_on == one.expires_on)
    return select(one.community_id, one.account_id, one.expires_on, points).outerjoin_from(
        cohorts, table, and_(is_same, counts)
    )


def _is_held() -> ColumnElement[bool]:
    """Is it a draw of a hold that stands?"""
    standing = select(Hold.community_id, Hold.id).where(Hold.state == HoldState.PLACED)
    return tuple_(_draws.c.community_id, _draws.c.hold_id).in_(standing)


@lru_cache(maxsize=4)
def _touched(part: Part) -> FromClause:
    """The cohorts that new transfers credited or drew from, and those that placed holds drew from."""
    of = transfers_in(part).c
    credited = select(of.community_id, of.credit_account_id.label("account_id"), of.expires_on).where(
        of.expires_on.is_not(None)
    )
    drawn = select(_draws.c.community_id, _draws.c.account_id, _draws.c.expires_on)
    spent = drawn.join_from(transfers_in(part), _draws, _took(part))
    of_hold = and_(same_community(_draws.c, Hold), _draws.c.hold_id == Hold.id)
    held = drawn.join_from(Hold, _draws, of_hold).where(Hold.state == HoldState.PLACED)
    return kept(union(credited, spent, held).cte("touched_cohorts"))
