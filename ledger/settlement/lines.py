"""What a statement consists of: every redemption, refund and ruling before the cut-off that no live line has yet."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, false, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.tenancy import scoped, within
from ledger.rewards.models import AgreementVersion, Branch, OfferVersion, Redemption, Refund
from ledger.settlement.dispute_models import Ruling, RulingKind
from ledger.settlement.models import LineType, Settlement, SettlementLine

Line = dict[str, Any]
"""A line that no statement has yet, as the columns of its row: ten thousand of them are written at once."""

COUNTED = (
    Redemption.community_id, Redemption.id, Redemption.merchant_id, Redemption.receipt_number,
    Redemption.agreement_version, Redemption.confirmed_at, Redemption.reserved_by, Redemption.points,
    Redemption.gross_fen, Redemption.discount_fen,
)  # fmt: skip
"""What a line says of its redemption."""

SHOWN = (
    Branch.name.label("branch"), OfferVersion.name.label("offer"), AgreementVersion.rate_fen,
    AgreementVersion.rate_points,
)  # fmt: skip


def waiting_lines(community_id: UUID, before: datetime, *, merchant_id: UUID | None = None) -> dict[UUID, list[Line]]:
    """New lines by merchant, in the order of time: what was redeemed, refunded and ruled before `before`.

    Of one shop alone where `merchant_id` is given.
    """
    mine = true() if merchant_id is None else Redemption.merchant_id == merchant_id
    redeemed = _unsettled_redemptions(community_id, before).where(mine)
    refunded = _unsettled_refunds(community_id, before).where(mine)
    ruled = _unsettled_decisions(community_id, before).where(mine)
    found: dict[UUID, list[Line]] = defaultdict(list)
    for row in db.session.execute(redeemed):
        found[row.merchant_id].append(_redemption_line(row))
    for row in db.session.execute(refunded):
        found[row.merchant_id].append(_refund_line(row.Refund, row, clawback_id=row.clawback_id))
    for row in db.session.execute(ruled):
        found[row.merchant_id].append(_decision_line(row.Ruling, row))
    for lines in found.values():
        lines.sort(key=lambda line: (line["happened_at"], line["type"], line["receipt_number"]))
    return found


def _named(query: Select[Any], community_id: UUID) -> Select[Any]:
    """The names and rates that a redemption was made under."""
    return query.where(
        within(community_id, OfferVersion, AgreementVersion),
        Branch.id == Redemption.branch_id,
        OfferVersion.offer_id == Redemption.offer_id,
        OfferVersion.version == Redemption.offer_version,
        AgreementVersion.agreement_id == Redemption.agreement_id,
        AgreementVersion.version == Redemption.agreement_version,
    )


def _unsettled_redemptions(community_id: UUID, before: datetime) -> Select[Any]:
    settled = _is_settled(community_id)
    query = scoped(community_id, *COUNTED).add_columns(*SHOWN).where(~_is_held(community_id))
    return _named(query, community_id).where(Redemption.confirmed_at < before, ~settled).order_by(Redemption.id)


def _is_held(community_id: UUID) -> ColumnElement[bool]:
    """SQL: an upper room holds the redemption back. Its refund waits with it, unless it is settled already."""
    return or_(false(), *(Redemption.id.in_(find(community_id)) for find in registry.held_back))


def _is_settled(community_id: UUID) -> ColumnElement[bool]:
    """SQL: a live line has the redemption."""
    return exists().where(
        within(community_id, SettlementLine),
        SettlementLine.redemption_id == Redemption.id,
        SettlementLine.type == LineType.REDEMPTION,
        SettlementLine.live,
    )


def _unsettled_refunds(community_id: UUID, before: datetime) -> Select[Any]:
    settled = exists().where(
        within(community_id, SettlementLine), SettlementLine.refund_id == Refund.id, SettlementLine.live
    )
    clawback = scoped(community_id, Ruling.id).where(Ruling.kind == RulingKind.CLAWBACK, Ruling.refund_id == Refund.id)
    query = select(Refund, clawback.scalar_subquery().label("clawback_id"), *COUNTED, *SHOWN)
    query = query.where(within(community_id, Refund, Redemption))
    waits = _is_held(community_id) & ~_is_settled(community_id)
    return (
        _named(query, community_id)
        .where(~waits)
        .where(Redemption.id == Refund.redemption_id, Refund.refunded_at < before, ~settled)
        .order_by(Refund.id)
    )


def _unsettled_decisions(community_id: UUID, before: datetime) -> Select[Any]:
    settled = exists().where(
        within(community_id, SettlementLine), SettlementLine.ruling_id == Ruling.id, SettlementLine.live
    )
    disputed = aliased(SettlementLine)
    query = select(Ruling, *COUNTED, *SHOWN).where(within(community_id, Ruling, disputed, Redemption))
    return (
        _named(query, community_id)
        .where(Ruling.kind == RulingKind.DECISION, Ruling.made_at < before, ~settled)
        .where(disputed.id == Ruling.line_id, Redemption.id == disputed.redemption_id)
        .order_by(Ruling.id)
    )


def _line(row: Any, **own: Any) -> Line:
    return {
        "community_id": row.community_id,
        "id": new_id(),
        "redemption_id": row.id,
        "refund_id": None,
        "ruling_id": None,
        "live": True,
        "receipt_number": row.receipt_number,
        "branch_name": row.branch,
        "offer_name": row.offer,
        "agreement_version": row.agreement_version,
        "rate": f"{row.rate_fen}/{row.rate_points}",
        **own,
    }


def _money(discount_fen: int | None, fen: int, *, sign: int = 1) -> dict[str, int]:
    """Gross, deduction, net of a line: a card's discount less what the shop bears of it; else what is owed alone."""
    gross = fen if discount_fen is None else discount_fen
    return {"gross_fen": sign * gross, "deduction_fen": sign * (gross - fen), "net_fen": sign * fen}


def _redemption_line(row: Any) -> Line:
    return _line(
        row,
        type=LineType.REDEMPTION,
        happened_at=row.confirmed_at,
        operator_id=row.reserved_by,
        points=row.points,
        **_money(row.discount_fen, row.gross_fen),
        reason="",
    )


def _refund_line(refund: Refund, row: Any, *, clawback_id: UUID | None) -> Line:
    return _line(
        row,
        type=LineType.REFUND if clawback_id is None else LineType.CLAWBACK,
        refund_id=refund.id,
        ruling_id=clawback_id,
        happened_at=refund.refunded_at,
        operator_id=refund.actor_id,
        points=-refund.points,
        **_money(refund.discount_fen, refund.fen, sign=-1),
        reason=refund.reason,
    )


def _decision_line(ruling: Ruling, row: Any) -> Line:
    return _line(
        row,
        type=LineType.DECISION,
        ruling_id=ruling.id,
        happened_at=ruling.made_at,
        operator_id=ruling.actor_id,
        points=0,
        **_money(None, ruling.net_fen),
        reason=ruling.reason,
    )


def carry_over(community_id: UUID, week: str, *, from_week: str, fen: int) -> Line:
    """What the statement before closed with, as the first line of this week's."""
    return {
        "community_id": community_id,
        "id": new_id(),
        "redemption_id": None,
        "refund_id": None,
        "ruling_id": None,
        "type": LineType.CARRY_OVER,
        "live": True,
        "happened_at": clock.week_bounds(week)[0],
        "operator_id": None,
        "receipt_number": from_week,
        "branch_name": "",
        "offer_name": "",
        "agreement_version": 0,
        "rate": "",
        "points": 0,
        "gross_fen": fen,
        "deduction_fen": 0,
        "net_fen": fen,
        "reason": "",
    }


def copy_of(line: SettlementLine) -> Line:
    """The same line for a replacement statement."""
    kept = {column.key: getattr(line, column.key) for column in SettlementLine.__table__.columns}
    return kept | {"id": new_id(), "live": True}


def lines_of(
    community_id: UUID, settlement_id: UUID, *, after: UUID | None = None, limit: int | None = None
) -> list[SettlementLine]:
    """The statement's lines in its order, those after the line `after`; all of them when `limit` is None."""
    query = scoped(community_id, SettlementLine).where(SettlementLine.settlement_id == settlement_id)
    if after is not None:
        last = aliased(SettlementLine)
        read = select(last.position).where(within(community_id, last), last.id == after)
        query = query.where(SettlementLine.position > read.scalar_subquery())
    return list(db.session.scalars(query.order_by(SettlementLine.position).limit(limit)))


def digest_of(settlement: Settlement, lines: Iterable[SettlementLine]) -> bytes:
    """SHA-256 over the statement's figures and lines, in canonical JSON: one changed fen changes it."""
    head = [
        settlement.community_id.hex,
        settlement.merchant_id.hex,
        settlement.week,
        settlement.number,
        settlement.opening_fen,
        settlement.net_fen,
        settlement.payable_fen,
        settlement.closing_fen,
    ]
    seal = _sealed if settlement.rules == 1 else _sealed_whole
    body = [seal(line) for line in lines]
    return hashlib.sha256(json.dumps([head, body], separators=(",", ":")).encode()).digest()


def _sealed_whole(line: SettlementLine) -> list[Any]:
    """All of a line but its reason, which goes when the person is erased whom it speaks of."""
    ids = [one.hex if one else None for one in (line.redemption_id, line.operator_id)]
    return [*_sealed(line), *ids, line.branch_name, line.offer_name, line.agreement_version]


def _sealed(line: SettlementLine) -> list[Any]:
    """What a digest of the first rules holds of a line. Its ruling only where it has one: so the oldest ones stay."""
    facts = [
        line.position,
        line.type,
        line.receipt_number,
        line.refund_id.hex if line.refund_id else None,
        line.happened_at.isoformat(),
        line.rate,
        line.points,
        line.gross_fen,
        line.deduction_fen,
        line.net_fen,
    ]
    return [*facts, line.ruling_id.hex] if line.ruling_id else facts
