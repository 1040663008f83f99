"""Checks of settlement: every statement is recomputed from the raw rows. Each query is built once for a part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.expression import SQLColumnExpression

from ledger.book.codes import Code, Kind
from ledger.book.models import Account, Transfer
from ledger.core.db import db
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community
from ledger.rewards.models import Redemption, Refund
from ledger.settlement.dispute_models import Dispute, DisputeState, Ruling
from ledger.settlement.lines import digest_of, lines_of
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState
from ledger.settlement.payout_models import PayoutLine, PayoutLineState
from ledger.settlement.points import PAID_STATES, points_due


def _in(part: Part) -> ColumnElement[bool]:
    """Is it a statement of the part? New is what was drafted or has taken a step since."""
    if part.since is None:
        return true()
    steps = (
        Settlement.known_at,
        Settlement.issued_at,
        Settlement.confirmed_at,
        Settlement.approved_at,
        Settlement.paid_at,
        Settlement.reconciled_at,
        Settlement.voided_at,
    )
    return or_(*(step >= part.since for step in steps))


def _is_of_shop_in(part: Part) -> ColumnElement[bool]:
    """Is it a statement of a shop that has one in the part? Some checks follow a shop's statements one by one."""
    if part.since is None:
        return true()
    other = aliased(Settlement)
    asked = select(Settlement.id).where(_in(part)).subquery()
    return exists(
        select(other.id).where(
            same_community(other, Settlement),
            other.merchant_id == Settlement.merchant_id,
            other.id.in_(select(asked.c.id)),
        )
    )


def _but_carried(fen: SQLColumnExpression[int]) -> ColumnElement[int]:
    """SQL: the line's amount; 0 of what was carried over, which is the opening."""
    return case((SettlementLine.type == LineType.CARRY_OVER, 0), else_=fen)


@check("settlement_totals")
def settlement_totals(part: Part) -> Iterator[Finding]:
    """A statement's figures are the sums of its lines."""
    for community_id, settlement_id, stated, summed in db.session.execute(_otherwise_summed(part)):
        yield Finding("settlement_totals", community_id, f"statement {settlement_id.hex}: {stated} / lines {summed}")


@lru_cache(maxsize=4)
def _otherwise_summed(part: Part) -> Select[Any]:
    line = SettlementLine
    of_statement = and_(same_community(line, Settlement), line.settlement_id == Settlement.id)
    net, gross, deduction, points = (
        func.coalesce(func.sum(of), 0)
        for of in (_but_carried(line.net_fen), _but_carried(line.gross_fen), line.deduction_fen, line.points)
    )
    return (
        select(Settlement.community_id, Settlement.id, Settlement.net_fen, net)
        .outerjoin(line, of_statement)
        .where(_in(part))
        .group_by(Settlement.community_id, Settlement.id)
        .having(
            or_(
                Settlement.gross_fen != gross,
                Settlement.deduction_fen != deduction,
                Settlement.net_fen != net,
                Settlement.points != points,
                Settlement.line_count != func.count(line.id),
                Settlement.payable_fen + Settlement.closing_fen != Settlement.opening_fen + Settlement.net_fen,
            )
        )
    )


@check("settlement_lines_match")
def settlement_lines_match(part: Part) -> Iterator[Finding]:
    """A line says what its redemption, refund or ruling says, or what was carried over."""
    for community_id, line_id in [row for query in _wrong_lines(part) for row in db.session.execute(query)]:
        yield Finding("settlement_lines_match", community_id, f"line {line_id.hex} differs from its source")


@lru_cache(maxsize=4)
def _wrong_lines(part: Part) -> tuple[Select[Any], ...]:
    of_statement = and_(same_community(Settlement, SettlementLine), Settlement.id == SettlementLine.settlement_id)
    redeemed = and_(same_community(Redemption, SettlementLine), Redemption.id == SettlementLine.redemption_id)
    wrong_redemption = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Redemption, redeemed)
        .join(Settlement, of_statement)
        .where(SettlementLine.type == LineType.REDEMPTION, _in(part))
        .where(
            or_(
                SettlementLine.net_fen != Redemption.gross_fen,
                SettlementLine.gross_fen != func.coalesce(Redemption.discount_fen, Redemption.gross_fen),
                SettlementLine.points != Redemption.points,
            )
        )
    )
    refunded = and_(same_community(Refund, SettlementLine), Refund.id == SettlementLine.refund_id)
    wrong_refund = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Refund, refunded)
        .join(Settlement, of_statement)
        .where(SettlementLine.type.in_((LineType.REFUND, LineType.CLAWBACK)), _in(part))
        .where(
            or_(
                SettlementLine.net_fen != -Refund.fen,
                SettlementLine.gross_fen != -func.coalesce(Refund.discount_fen, Refund.fen),
                SettlementLine.points != -Refund.points,
            )
        )
    )
    ruled = and_(same_community(Ruling, SettlementLine), Ruling.id == SettlementLine.ruling_id)
    wrong_decision = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Settlement, of_statement)
        .outerjoin(Ruling, ruled)
        .where(SettlementLine.type == LineType.DECISION, _in(part))
        .where(or_(Ruling.id.is_(None), SettlementLine.gross_fen != Ruling.net_fen, SettlementLine.points != 0))
    )
    wrong_carry_over = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Settlement, of_statement)
        .where(SettlementLine.type == LineType.CARRY_OVER, _in(part))
        .where(SettlementLine.net_fen != Settlement.opening_fen)
    )
    return wrong_redemption, wrong_refund, wrong_decision, wrong_carry_over


@check("settlement_digests_match")
def settlement_digests_match(part: Part) -> Iterator[Finding]:
    """A frozen statement still has the digest it was issued with."""
    frozen = select(Settlement).where(
        Settlement.digest.is_not(None), Settlement.state != SettlementState.VOID, _in(part)
    )
    for settlement in db.session.scalars(frozen):
        if digest_of(settlement, lines_of(settlement.community_id, settlement.id)) != settlement.digest:
            yield Finding("settlement_digests_match", settlement.community_id, f"statement {settlement.number}")


@check("settlement_openings_match")
def settlement_openings_match(part: Part) -> Iterator[Finding]:
    """Each statement opens with the closing of the one before."""
    for community_id, settlement_id, opening, closed in db.session.execute(_otherwise_opened(part)):
        detail = f"statement {settlement_id.hex} opens with {opening}, the one before closed with {closed}"
        yield Finding("settlement_openings_match", community_id, detail)


@lru_cache(maxsize=4)
def _otherwise_opened(part: Part) -> Select[Any]:
    before = func.lag(Settlement.closing_fen, 1, 0).over(
        partition_by=(Settlement.community_id, Settlement.merchant_id), order_by=Settlement.week
    )
    chain = (
        select(Settlement.community_id, Settlement.id, Settlement.opening_fen, before.label("before"))
        .where(Settlement.state != SettlementState.VOID, _is_of_shop_in(part))
        .subquery()
    )
    return select(chain).where(chain.c.opening_fen != chain.c.before)


@check("payments_match")
def payments_match(part: Part) -> Iterator[Finding]:
    """A paid statement moved exactly its payable less what was disputed, and an unpaid one nothing."""
    for community_id, settlement_id, state, payable, amount in db.session.execute(_otherwise_paid(part)):
        detail = f"statement {settlement_id.hex} ({state}): payable {payable}, paid {amount}"
        yield Finding("payments_match", community_id, detail)


@lru_cache(maxsize=4)
def _otherwise_paid(part: Part) -> Select[Any]:
    paid = and_(
        same_community(Transfer, Settlement),
        Transfer.source_type == "settlement",
        Transfer.source_id == Settlement.id,
        Transfer.code == Code.PAY,
    )
    moved = func.coalesce(func.sum(Transfer.amount), 0)
    to_pay = Settlement.payable_fen - Settlement.held_fen
    return (
        select(Settlement.community_id, Settlement.id, Settlement.state, to_pay, moved)
        .outerjoin(Transfer, paid)
        .where(_in(part))
        .group_by(Settlement.community_id, Settlement.id, Settlement.state, to_pay)
        .having(
            or_(
                and_(Settlement.state.in_(PAID_STATES), moved != to_pay),
                and_(Settlement.state.not_in(PAID_STATES), moved != 0),
            )
        )
    )


@check("points_settled")
def points_settled(part: Part) -> Iterator[Finding]:
    """The points of a shop's paid statements have left circulation; a week of refunds is made up by those after it."""
    for community_id, merchant_id, points, amount in db.session.execute(_unsettled(part)):
        yield Finding("points_settled", community_id, f"shop {merchant_id.hex}: paid for {points}, settled {amount}")


@lru_cache(maxsize=4)
def _unsettled(part: Part) -> Select[Any]:
    due = points_due(_is_of_shop_in(part))
    shop = due.c.community_id, due.c.merchant_id
    owed = (
        select(*shop, func.sum(due.c.points).label("points"))
        .where(due.c.state.in_(PAID_STATES))
        .group_by(*shop)
        .subquery()
    )
    settled = and_(same_community(Transfer, Account), Transfer.debit_account_id == Account.id)
    gone = func.coalesce(func.sum(Transfer.amount), 0)
    return (
        select(owed.c.community_id, owed.c.merchant_id, owed.c.points, gone)
        .join(Account, and_(same_community(Account, owed.c), Account.owner_id == owed.c.merchant_id))
        .outerjoin(Transfer, and_(settled, Transfer.code == Code.SETTLE))
        .where(Account.kind == Kind.MERCHANT)
        .group_by(owed.c.community_id, owed.c.merchant_id, owed.c.points)
        .having(gone < owed.c.points)
    )


@check("disputes_match")
def disputes_match(part: Part) -> Iterator[Finding]:
    """What a statement holds back is what its disputes hold."""
    for community_id, settlement_id, stated, summed in db.session.execute(_otherwise_disputed(part)):
        detail = f"statement {settlement_id.hex}: holds {stated}, disputed {summed}"
        yield Finding("disputes_match", community_id, detail)


@lru_cache(maxsize=4)
def _otherwise_disputed(part: Part) -> Select[Any]:
    of_statement = and_(same_community(Dispute, Settlement), Dispute.settlement_id == Settlement.id)
    held = func.coalesce(func.sum(Dispute.held_fen), 0)
    return (
        select(Settlement.community_id, Settlement.id, Settlement.held_fen, held)
        .outerjoin(Dispute, and_(of_statement, Dispute.state != DisputeState.VOID))
        .where(Settlement.state != SettlementState.VOID, _in(part))
        .group_by(Settlement.community_id, Settlement.id, Settlement.held_fen)
        .having(Settlement.held_fen != held)
    )


@check("payouts_match")
def payouts_match(part: Part) -> Iterator[Finding]:
    """A line of a batch pays what its statement is due; one that was paid is a paid statement."""
    for community_id, number in db.session.execute(_otherwise_due(part)):
        yield Finding("payouts_match", community_id, f"line {number} differs from its statement")


@lru_cache(maxsize=4)
def _otherwise_due(part: Part) -> Select[Any]:
    of_statement = and_(same_community(Settlement, PayoutLine), Settlement.id == PayoutLine.settlement_id)
    unpaid = and_(PayoutLine.state == PayoutLineState.PAID, Settlement.state.not_in(PAID_STATES))
    return (
        select(PayoutLine.community_id, PayoutLine.number)
        .join(Settlement, of_statement)
        .where(_in(part), PayoutLine.state != PayoutLineState.FAILED)
        .where(or_(unpaid, PayoutLine.amount_fen != Settlement.payable_fen - Settlement.held_fen))
    )
