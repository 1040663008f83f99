"""Checks of settlement: every statement is recomputed from the raw rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, exists, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book.codes import Code, Kind
from ledger.book.models import Account, Transfer
from ledger.core.db import db
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community
from ledger.rewards.models import Redemption, Refund
from ledger.settlement.lines import digest_of, lines_of
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState

PAID = (SettlementState.PAID, SettlementState.RECONCILED)


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


@check("settlement_totals")
def settlement_totals(part: Part) -> Iterator[Finding]:
    """A statement's figures are the sums of its lines."""
    sums = (
        select(
            SettlementLine.community_id,
            SettlementLine.settlement_id,
            func.count().label("count"),
            func.sum(SettlementLine.gross_fen).label("gross"),
            func.sum(SettlementLine.deduction_fen).label("deduction"),
            func.sum(SettlementLine.net_fen).label("net"),
            func.sum(SettlementLine.points).label("points"),
        )
        .group_by(SettlementLine.community_id, SettlementLine.settlement_id)
        .subquery()
    )
    of_statement = and_(same_community(sums.c, Settlement), sums.c.settlement_id == Settlement.id)
    query = (
        select(Settlement.community_id, Settlement.id, Settlement.net_fen, sums.c.net)
        .outerjoin(sums, of_statement)
        .where(
            _in(part),
            or_(
                Settlement.gross_fen != func.coalesce(sums.c.gross, 0),
                Settlement.deduction_fen != func.coalesce(sums.c.deduction, 0),
                Settlement.net_fen != func.coalesce(sums.c.net, 0),
                Settlement.points != func.coalesce(sums.c.points, 0),
                Settlement.line_count != func.coalesce(sums.c["count"], 0),
                Settlement.payable_fen + Settlement.closing_fen != Settlement.opening_fen + Settlement.net_fen,
            ),
        )
    )
    for community_id, settlement_id, stated, summed in db.session.execute(query):
        yield Finding("settlement_totals", community_id, f"statement {settlement_id.hex}: {stated} / lines {summed}")


@check("settlement_lines_match")
def settlement_lines_match(part: Part) -> Iterator[Finding]:
    """A line says what its redemption or refund says."""
    of_statement = and_(same_community(Settlement, SettlementLine), Settlement.id == SettlementLine.settlement_id)
    redeemed = and_(same_community(Redemption, SettlementLine), Redemption.id == SettlementLine.redemption_id)
    wrong_redemption = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Redemption, redeemed)
        .join(Settlement, of_statement)
        .where(SettlementLine.type == LineType.REDEMPTION, _in(part))
        .where(or_(SettlementLine.gross_fen != Redemption.gross_fen, SettlementLine.points != Redemption.points))
    )
    refunded = and_(same_community(Refund, SettlementLine), Refund.id == SettlementLine.refund_id)
    wrong_refund = (
        select(SettlementLine.community_id, SettlementLine.id)
        .join(Refund, refunded)
        .join(Settlement, of_statement)
        .where(SettlementLine.type == LineType.REFUND, _in(part))
        .where(or_(SettlementLine.gross_fen != -Refund.fen, SettlementLine.points != -Refund.points))
    )
    for community_id, line_id in [*db.session.execute(wrong_redemption), *db.session.execute(wrong_refund)]:
        yield Finding("settlement_lines_match", community_id, f"line {line_id.hex} differs from its source")


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
    before = func.lag(Settlement.closing_fen, 1, 0).over(
        partition_by=(Settlement.community_id, Settlement.merchant_id), order_by=Settlement.week
    )
    chain = (
        select(Settlement.community_id, Settlement.id, Settlement.opening_fen, before.label("before"))
        .where(Settlement.state != SettlementState.VOID, _is_of_shop_in(part))
        .subquery()
    )
    for community_id, settlement_id, opening, closed in db.session.execute(
        select(chain).where(chain.c.opening_fen != chain.c.before)
    ):
        detail = f"statement {settlement_id.hex} opens with {opening}, the one before closed with {closed}"
        yield Finding("settlement_openings_match", community_id, detail)


@check("payments_match")
def payments_match(part: Part) -> Iterator[Finding]:
    """A paid statement moved exactly its payable, and an unpaid one nothing."""
    paid = and_(
        same_community(Transfer, Settlement),
        Transfer.source_type == "settlement",
        Transfer.source_id == Settlement.id,
        Transfer.code == Code.PAY,
    )
    moved = func.coalesce(func.sum(Transfer.amount), 0)
    query = (
        select(Settlement.community_id, Settlement.id, Settlement.state, Settlement.payable_fen, moved)
        .outerjoin(Transfer, paid)
        .where(_in(part))
        .group_by(Settlement.community_id, Settlement.id, Settlement.state, Settlement.payable_fen)
        .having(
            or_(
                and_(Settlement.state.in_(PAID), moved != Settlement.payable_fen),
                and_(Settlement.state.not_in(PAID), moved != 0),
            )
        )
    )
    for community_id, settlement_id, state, payable, amount in db.session.execute(query):
        detail = f"statement {settlement_id.hex} ({state}): payable {payable}, paid {amount}"
        yield Finding("payments_match", community_id, detail)


@check("points_settled")
def points_settled(part: Part) -> Iterator[Finding]:
    """The points of a shop's paid statements have left circulation; a week of refunds is made up later."""
    shop = (Settlement.community_id, Settlement.merchant_id)
    paid = select(*shop, func.sum(Settlement.points).label("points"))
    owed = paid.where(Settlement.state.in_(PAID), _is_of_shop_in(part)).group_by(*shop).subquery()
    settled = and_(same_community(Transfer, Account), Transfer.debit_account_id == Account.id)
    gone = func.coalesce(func.sum(Transfer.amount), 0)
    query = (
        select(owed.c.community_id, owed.c.merchant_id, owed.c.points, gone)
        .join(Account, and_(same_community(Account, owed.c), Account.owner_id == owed.c.merchant_id))
        .outerjoin(Transfer, and_(settled, Transfer.code == Code.SETTLE))
        .where(Account.kind == Kind.MERCHANT)
        .group_by(owed.c.community_id, owed.c.merchant_id, owed.c.points)
        .having(gone < owed.c.points)
    )
    for community_id, merchant_id, points, amount in db.session.execute(query):
        yield Finding("points_settled", community_id, f"shop {merchant_id.hex}: paid for {points}, settled {amount}")
