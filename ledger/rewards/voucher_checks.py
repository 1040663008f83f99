"""The check of vouchers: the unused ones are what lies in the shops' voucher accounts, and funds keep their money."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, case, func, or_, select

from ledger.book.codes import Kind
from ledger.book.models import Hold, HoldState, Transfer
from ledger.book.newest import accounts_in
from ledger.core.db import db
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community
from ledger.rewards.voucher_ends import SOURCE
from ledger.rewards.voucher_models import OPEN, Voucher

NAME = "vouchers_match"

_transfers: Any = Transfer.__table__


@check(NAME)
def vouchers_match(part: Part) -> Iterator[Finding]:
    """Open vouchers' points are the shop's voucher account, and each one's money is held by its fund.

    Of what is new: of the shops whose account was touched; the money of all that are open.
    """
    yield from _points(part)
    yield from _money()


def _points(part: Part) -> Iterator[Finding]:
    for community_id, merchant_id, points, unused in db.session.execute(_otherwise_unused(part)):
        yield Finding(NAME, community_id, f"shop {merchant_id.hex}: account {points}, unused vouchers {unused}")


@lru_cache(maxsize=4)
def _otherwise_unused(part: Part) -> Select[Any]:
    account = accounts_in(part).c
    # Looked up by account: few transfers are vouchers', and a join reads them all.
    points = _sum_of(account, _transfers.c.credit_account_id) - _sum_of(account, _transfers.c.debit_account_id)
    said = (
        select(account.community_id, account.owner_id, points.label("points"))
        .where(account.kind == Kind.VOUCHER)
        .subquery()
    )
    open_points = func.sum(case((Voucher.state.in_(OPEN), Voucher.points), else_=0))
    of_shop = and_(same_community(Voucher, said.c), Voucher.merchant_id == said.c.owner_id)
    return (
        select(said.c.community_id, said.c.owner_id, said.c.points, func.coalesce(open_points, 0))
        .outerjoin(Voucher, of_shop)
        .group_by(said.c.community_id, said.c.owner_id, said.c.points)
        .having(said.c.points != func.coalesce(open_points, 0))
    )


def _sum_of(account: Any, side: Any) -> ScalarSelect[Any]:
    """SQL: the sum of the transfers that have the account on this side."""
    amounts = select(func.coalesce(func.sum(_transfers.c.amount), 0))
    return amounts.where(same_community(_transfers.c, account), side == account.id).scalar_subquery()


def _money() -> Iterator[Finding]:
    for community_id, voucher_id, state, gross, amount in db.session.execute(_otherwise_held()):
        yield Finding(NAME, community_id, f"voucher {voucher_id.hex} ({state}): {gross} fen, held {amount}")


@cache
def _otherwise_held() -> Select[Any]:
    held = and_(
        same_community(Hold, Voucher),
        Hold.source_type == SOURCE,
        Hold.source_id == Voucher.id,
        Hold.state == HoldState.PLACED,
    )
    kept = func.coalesce(Hold.amount, 0)
    is_open = Voucher.state.in_(OPEN)
    return (
        select(Voucher.community_id, Voucher.id, Voucher.state, Voucher.gross_fen, kept)
        .outerjoin(Hold, held)
        .where(or_(and_(is_open, kept != Voucher.gross_fen), and_(~is_open, kept != 0)))
    )
