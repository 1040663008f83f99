"""What a month's summary says: the figures put together, the same for the same rows, without a name of a person.

It is read by anybody once it is published, so what fewer than three people did in a programme, a grid or a post stands
in no row of its own (`pooled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select

from ledger.book.codes import Code, Kind, Unit
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import scoped, within
from ledger.recognition import figures
from ledger.recognition.figures import Cell, Flow, Span
from ledger.rewards.models import Fund, Merchant
from ledger.service.feedback_models import Feedback, FeedbackState

FORM = 1
"""The version of the form; another form is another number."""

FEWEST = 3
"""People that a row of its own needs."""

POOLED = "pooled"

Document = dict[str, Any]
Flows = Mapping[Flow, tuple[int, int]]


def totals_of(span: Span) -> dict[str, int]:
    """The figures that months are compared by."""
    return _totals(span, figures.flows(span))


def _totals(span: Span, moved: Flows) -> dict[str, int]:
    return figures.served_in_all(span) | _points(moved) | _money(moved)


def contents_of(span: Span) -> Document:
    """The whole month: totals, parts, days, shops, funds, feedback."""
    moved = figures.flows(span)
    totals = _totals(span, moved) | {"outstanding": figures.outstanding_points(span)}
    service = figures.read_service(span)
    return {
        "totals": totals | _feedback(span),
        "programmes": pooled(figures.by_programme(span, service)),
        "grids": pooled(figures.by_grid(span, service)),
        "posts": pooled(figures.by_post(span, service)),
        "evidence": [_row(cell) for cell in figures.by_evidence(service)],
        "days": [
            {"day": day.isoformat(), "visits": visits, "minutes": minutes}
            for day, (visits, minutes) in figures.by_day(span, service).items()
        ],
        "shops": _shops(moved),
        "funds": _funds(span, moved),
    }


def pooled(cells: list[Cell]) -> list[dict[str, Any]]:
    """The rows, those of fewer than three people together in one; with the smallest other one, so that none is left.

    Whoever takes the shown rows from the total finds only the pool, in which at least three people served, unless
    three served in no part.
    """
    small = [cell for cell in cells if 0 < cell.people < FEWEST]
    large = [cell for cell in cells if cell.people >= FEWEST]
    if not small:
        return [_row(cell) for cell in large]
    together = [*small, *large[-1:]]
    pool = {
        "key": POOLED,
        "name": None,
        "people": None,
        "visits": sum(cell.visits for cell in together),
        "minutes": sum(cell.minutes for cell in together),
    }
    return [*map(_row, large[:-1]), pool]


def _row(cell: Cell) -> dict[str, Any]:
    return cell._asdict()


_WALLET, _ISSUED = Kind.WALLET, Kind.ISSUANCE

POINTS: dict[str, tuple[tuple[Code, Kind, Kind], ...]] = {
    "awarded": ((Code.AWARD, _ISSUED, _WALLET),),
    "opened": ((Code.OPENING, _ISSUED, _WALLET),),
    "taken_back": ((Code.REVERSE, _WALLET, _ISSUED), (Code.REVERSE, Kind.DEBT, _ISSUED)),
    "redeemed": ((Code.REDEEM, _WALLET, Kind.MERCHANT), (Code.REDEEM, Kind.VOUCHER, Kind.MERCHANT)),
    "refunded": ((Code.REFUND, Kind.MERCHANT, _WALLET),),
    "put_into_vouchers": ((Code.BUY, _WALLET, Kind.VOUCHER),),
    "vouchers_returned": ((Code.REFUND, Kind.VOUCHER, _WALLET),),
    "donated": ((Code.DONATE, _WALLET, Kind.POT),),
    "donations_returned": ((Code.REVERSE, Kind.POT, _WALLET),),
    "expired": ((Code.EXPIRE, _WALLET, Kind.EXPIRED),),
    "restored": ((Code.RESTORE, Kind.EXPIRED, _WALLET),),
}
"""What each figure of points adds up."""

MONEY: dict[str, tuple[tuple[Code, Kind, Kind], ...]] = {
    "granted_fen": ((Code.FUND, Kind.BANK, Kind.FUND),),
    "grants_returned_fen": ((Code.REVERSE, Kind.FUND, Kind.BANK),),
    "brought_fen": ((Code.REDEEM, Kind.FUND, Kind.PAYABLE),),
    "refunded_fen": ((Code.REFUND, Kind.PAYABLE, Kind.FUND),),
    "settled_fen": ((Code.PAY, Kind.PAYABLE, Kind.BANK),),
}


def _points(moved: Flows) -> dict[str, int]:
    found = {name: _sum(moved, legs, Unit.POINTS)[1] for name, legs in POINTS.items()}
    return found | {"redemptions": _sum(moved, POINTS["redeemed"], Unit.POINTS)[0]}


def _money(moved: Flows) -> dict[str, int]:
    return {name: _sum(moved, legs, Unit.FEN)[1] for name, legs in MONEY.items()}


def _sum(moved: Flows, legs: tuple[tuple[Code, Kind, Kind], ...], unit: Unit) -> tuple[int, int]:
    found = [row for flow, row in moved.items() if flow.unit == unit and (flow.code, flow.debit, flow.credit) in legs]
    return sum(count for count, _ in found), sum(amount for _, amount in found)


_TOLD = Feedback.state.in_((FeedbackState.GIVEN, FeedbackState.ANSWERED))

FEEDBACK = {
    "feedback_given": _TOLD & ~Feedback.is_nothing,
    "feedback_nothing": _TOLD & Feedback.is_nothing,
    "feedback_answered": Feedback.state == FeedbackState.ANSWERED,
    "feedback_excused": Feedback.state == FeedbackState.EXCUSED,
}
"""What each figure of feedback counts."""


def feedback_in(span: Span, *columns: Any) -> Select[Any]:
    """SQL: the feedback of the days of the span."""
    first, last = (clock.local_day(moment) for moment in (span.since, span.until - timedelta(microseconds=1)))
    return select(*columns).where(within(span.community_id, Feedback), Feedback.day >= first, Feedback.day <= last)


def _feedback(span: Span) -> dict[str, int]:
    counts = [func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in FEEDBACK.values()]
    return dict(zip(FEEDBACK, map(int, db.session.execute(feedback_in(span, *counts)).one()), strict=True))


Holders = dict[tuple[UUID, Code, Unit], tuple[int, int]]


def _received(moved: Flows, kind: Kind) -> Holders:
    """What came into each shop's or fund's account of a kind, by code and unit: how many, and how much."""
    return _by_holder((flow.receiver, flow.code, flow.unit, row) for flow, row in moved.items() if flow.credit == kind)


def _gave(moved: Flows, kind: Kind) -> Holders:
    """What went out of it."""
    return _by_holder((flow.giver, flow.code, flow.unit, row) for flow, row in moved.items() if flow.debit == kind)


def _by_holder(rows: Iterable[tuple[UUID | None, Code, Unit, tuple[int, int]]]) -> Holders:
    found: Holders = {}
    for owner_id, code, unit, (count, amount) in rows:
        assert owner_id is not None, "these accounts are told apart"
        before = found.get((owner_id, code, unit), (0, 0))
        found[owner_id, code, unit] = (before[0] + count, before[1] + amount)
    return found


def _shops(moved: Flows) -> list[dict[str, Any]]:
    """What redemption brought to each shop, and what it was paid: most money first."""
    took, gave = _received(moved, Kind.MERCHANT), _gave(moved, Kind.MERCHANT)
    owed, less = _received(moved, Kind.PAYABLE), _gave(moved, Kind.PAYABLE)
    told = {Code.REDEEM, Code.REFUND, Code.PAY}
    ids = {owner_id for rows in (took, gave, owed, less) for owner_id, code, _ in rows if code in told}
    names = dict(db.session.execute(select(Merchant.id, Merchant.name).where(Merchant.id.in_(ids))).tuples().all())
    shops = [
        {
            "merchant_id": one.hex,
            "name": names[one],
            "redemptions": _of(took, one, Code.REDEEM, Unit.POINTS)[0],
            "points": _of(took, one, Code.REDEEM, Unit.POINTS)[1] - _of(gave, one, Code.REFUND, Unit.POINTS)[1],
            "brought_fen": _of(owed, one, Code.REDEEM)[1] - _of(less, one, Code.REFUND)[1],
            "settled_fen": _of(less, one, Code.PAY)[1],
        }
        for one in ids
    ]
    return sorted(shops, key=lambda shop: (-shop["brought_fen"], shop["name"], shop["merchant_id"]))


def _of(rows: Holders, owner_id: UUID, code: Code, unit: Unit = Unit.FEN) -> tuple[int, int]:
    return rows.get((owner_id, code, unit), (0, 0))


def _funds(span: Span, moved: Flows) -> list[dict[str, Any]]:
    """Each fund: granted and spent in the month, less what went back, and what it has at its end."""
    came, went = _received(moved, Kind.FUND), _gave(moved, Kind.FUND)
    funds = db.session.execute(scoped(span.community_id, Fund.id, Fund.name).order_by(Fund.id)).tuples().all()
    left = figures.funds_left(span, [fund_id for fund_id, _ in funds])
    return [
        {
            "fund_id": one.hex,
            "name": name,
            "granted_fen": _of(came, one, Code.FUND)[1] - _of(went, one, Code.REVERSE)[1],
            "spent_fen": _of(went, one, Code.REDEEM)[1] - _of(came, one, Code.REFUND)[1],
            "left_fen": left[one],
        }
        for one, name in funds
    ]


def month_before(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)
