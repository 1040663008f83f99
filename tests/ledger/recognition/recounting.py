"""A month counted again: by plain SQL that shares nothing with the house, and by adding up the rows of each figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from ledger.core import clock
from ledger.core.db import db, is_postgresql
from ledger.core.tenancy import Actor
from ledger.recognition import summary_rows
from ledger.recognition.parts import PARTS, Part, part_of
from ledger.recognition.summaries import SummaryView

MOVED = """SELECT COALESCE(SUM(t.amount), 0) FROM transfers t
 JOIN accounts d ON d.community_id = t.community_id AND d.id = t.debit_account_id
 JOIN accounts k ON k.community_id = t.community_id AND k.id = t.credit_account_id
 WHERE t.community_id = :c AND t.effective_at >= :a AND t.effective_at < :z AND t.recorded_at <= :known AND """
STANDING = """FROM stamps s JOIN checkins v ON v.community_id = s.community_id AND v.id = s.checkin_id
 JOIN members m ON m.community_id = v.community_id AND m.id = v.member_id
 WHERE s.community_id = :c AND s.stamped_at >= :a AND s.stamped_at < :z AND s.stamped_at <= :known
 AND s.counts AND s.decision = 'stamp' AND (s.undone_at IS NULL OR s.undone_at > :known)"""
FEEDBACK = "SELECT COUNT(*) FROM feedback WHERE community_id = :c AND day >= :first AND day < :after AND "

COUNTED_AGAIN = {
    "people": f"SELECT COUNT(DISTINCT COALESCE(m.merged_into, m.id)) {STANDING}",
    "visits": f"SELECT COUNT(*) {STANDING}",
    "minutes": f"SELECT SUM(s.minutes) {STANDING}",
    "entered_later": f"SELECT COUNT(*) {STANDING} AND v.evidence = 'later'",
    "awarded": MOVED + "t.code = 'award'",
    "opened": MOVED + "t.code = 'opening' AND t.unit = 'points'",
    "taken_back": MOVED + "t.code = 'reverse' AND d.kind IN ('wallet', 'debt') AND k.kind = 'issuance'",
    "redeemed": MOVED + "t.code = 'redeem' AND t.unit = 'points'",
    "refunded": MOVED + "t.code = 'refund' AND d.kind = 'merchant'",
    "put_into_vouchers": MOVED + "t.code = 'buy'",
    "vouchers_returned": MOVED + "t.code = 'refund' AND d.kind = 'voucher'",
    "donated": MOVED + "t.code = 'donate'",
    "donations_returned": MOVED + "t.code = 'reverse' AND d.kind = 'pot'",
    "expired": MOVED + "t.code = 'expire'",
    "restored": MOVED + "t.code = 'restore'",
    "redemptions": MOVED.replace("COALESCE(SUM(t.amount), 0)", "COUNT(*)") + "t.code = 'redeem' AND t.unit = 'points'",
    "granted_fen": MOVED + "t.code = 'fund'",
    "grants_returned_fen": MOVED + "t.code = 'reverse' AND d.kind = 'fund'",
    "brought_fen": MOVED + "t.code = 'redeem' AND t.unit = 'fen'",
    "refunded_fen": MOVED + "t.code = 'refund' AND t.unit = 'fen'",
    "settled_fen": MOVED + "t.code = 'pay'",
    "outstanding": """SELECT SUM(CASE WHEN k.kind IN ('wallet', 'debt') THEN t.amount ELSE 0 END
 - CASE WHEN d.kind IN ('wallet', 'debt') THEN t.amount ELSE 0 END) FROM transfers t
 JOIN accounts d ON d.community_id = t.community_id AND d.id = t.debit_account_id
 JOIN accounts k ON k.community_id = t.community_id AND k.id = t.credit_account_id
 WHERE t.community_id = :c AND t.unit = 'points' AND t.effective_at < :z AND t.recorded_at <= :known""",
    "feedback_given": FEEDBACK + "state IN ('given', 'answered') AND NOT is_nothing",
    "feedback_nothing": FEEDBACK + "state IN ('given', 'answered') AND is_nothing",
    "feedback_answered": FEEDBACK + "state = 'answered'",
    "feedback_excused": FEEDBACK + "state = 'excused'",
}
"""Every total of a month; what is told of it as it was known when its summary was made."""


def counted_again(community_id: UUID, view: SummaryView) -> dict[str, int]:
    """The totals of the month by plain SQL."""
    since, until = clock.month_bounds(view.month)
    asked: dict[str, Any] = {"c": community_id, "a": since, "z": until, "known": view.known_at}
    asked |= {"first": clock.local_day(since), "after": clock.local_day(until)}
    if not is_postgresql():
        asked = {name: _as_stored(value) for name, value in asked.items()}
    return {name: int(db.session.execute(text(query), asked).scalar() or 0) for name, query in COUNTED_AGAIN.items()}


def _as_stored(value: Any) -> str:
    """What SQLite compares with."""
    if isinstance(value, UUID):
        return value.hex
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value.isoformat()


def rows_of(actor: Actor, view: SummaryView, name: str, *, limit: int = 2, **which: Any) -> int:
    """What the rows of a figure add up to, read page by page."""
    span, found = view.span(actor.tenant), dict[UUID, int]()
    while True:
        last = min(found, default=None)
        rows = summary_rows.list_rows(actor, span, name, **which, before=last, limit=limit)
        found |= dict(rows.shown)
        if len(rows.shown) < limit:
            assert (len(found), sum(found.values())) == (rows.number, rows.amount)
            return rows.amount


def add_up(actor: Actor, view: SummaryView, *, limit: int = 2) -> list[str]:
    """The figures whose rows do not add up to them: totals, those of each shop, fund, and part of the service."""
    document = view.document
    assert document is not None
    asked: list[tuple[str, int, dict[str, Any]]] = [(name, figure, {}) for name, figure in document["totals"].items()]
    for part, key, names in (("shops", "merchant_id", summary_rows.SHOPS), ("funds", "fund_id", summary_rows.FUNDS)):
        for line in document[part]:
            asked += [(name, line[name.partition("_")[2]], {"owner_id": UUID(line[key])}) for name in names]
    for of in PARTS:
        for row in document[of]:
            which: Part = part_of(document, of, row["day"] if of == "days" else row["key"] or "")
            told = (name for name in ("people", "visits", "minutes") if row.get(name) is not None)
            asked += [(name, row[name], {"part": which}) for name in told]
    return [
        f"{view.month:%Y-%m} {name} {which}: {figure}"
        for name, figure, which in asked
        if rows_of(actor, view, name, limit=limit, **which) != figure
    ]
