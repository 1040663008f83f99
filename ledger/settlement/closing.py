"""Closing a week: one draft statement for each merchant, from everything that no statement has yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, scoped, system_actor
from ledger.people.models import PlaceUnit, UnitKind
from ledger.settlement import lines as statement_lines
from ledger.settlement.errors import WeekNotOver
from ledger.settlement.models import Settlement, SettlementLine, SettlementState


@atomic
def close_week(actor: Actor, week: str) -> list[Settlement]:
    """Every merchant with something to settle has a draft of the week ("2026-W41"); returns the new drafts.

    Taken are all redemptions confirmed and refunds made before the cut-off that no live line has, whatever week they
    are from; opening is the previous closing. Closing again adds only what is missing. Raises Forbidden, WeekNotOver.
    """
    if actor.person_id != NOBODY:
        require(actor, "issue_settlement")
    _, cut_off = clock.week_bounds(week)
    if cut_off > clock.now():
        raise WeekNotOver
    _one_at_a_time(actor.tenant)
    done = _merchants_with_statement(actor.tenant, week)
    waiting = statement_lines.waiting_lines(actor.tenant, cut_off)
    carried = _closings(actor.tenant, week)
    owed = {merchant_id for merchant_id, closing in carried.items() if closing}
    drafts = [
        draft_statement(actor, merchant_id, week, waiting.get(merchant_id, []), opening=carried.get(merchant_id, 0))
        for merchant_id in sorted((waiting.keys() | owed) - done)
    ]
    audit.record(actor, "settlement.close_week", week=week, drafts=len(drafts))
    return drafts


def _one_at_a_time(community_id: UUID) -> None:
    """Two closes of a community follow one another: the root unit's row is the lock."""
    root = scoped(community_id, PlaceUnit.id).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    db.session.execute(root.with_for_update(key_share=True))


def _merchants_with_statement(community_id: UUID, week: str) -> set[UUID]:
    """Those whose week is closed, or who have a later statement already: what comes late waits for the open week."""
    query = scoped(community_id, Settlement.merchant_id).where(
        Settlement.week >= week, Settlement.state != SettlementState.VOID
    )
    return set(db.session.scalars(query))


def _closings(community_id: UUID, week: str) -> dict[UUID, int]:
    """Each merchant's closing of the last statement before this week."""
    past = scoped(community_id, Settlement).where(Settlement.week < week, Settlement.state != SettlementState.VOID)
    newest = past.with_only_columns(Settlement.merchant_id, func.max(Settlement.week).label("week"))
    last = newest.group_by(Settlement.merchant_id).subquery()
    query = scoped(community_id, Settlement.merchant_id, Settlement.closing_fen).where(
        Settlement.merchant_id == last.c.merchant_id,
        Settlement.week == last.c.week,
        Settlement.state != SettlementState.VOID,
    )
    return dict(db.session.execute(query).tuples().all())


def draft_statement(
    actor: Actor,
    merchant_id: UUID,
    week: str,
    lines: Sequence[SettlementLine],
    *,
    opening: int,
    replaces_id: UUID | None = None,
) -> Settlement:
    """A draft with these lines. What is owed is paid; what is overpaid is carried over to the next week."""
    net = sum(line.net_fen for line in lines)
    balance = opening + net
    settlement = Settlement(
        community_id=actor.tenant,
        id=new_id(),
        merchant_id=merchant_id,
        week=week,
        state=SettlementState.DRAFT,
        replaces_id=replaces_id,
        cut_off_at=clock.week_bounds(week)[1],
        known_at=clock.now(),
        opening_fen=opening,
        gross_fen=sum(line.gross_fen for line in lines),
        deduction_fen=sum(line.deduction_fen for line in lines),
        net_fen=net,
        payable_fen=max(0, balance),
        closing_fen=min(0, balance),
        points=sum(line.points for line in lines),
        line_count=len(lines),
    )
    db.session.add(settlement)
    db.session.flush()
    for position, line in enumerate(lines, start=1):
        line.settlement_id, line.position = settlement.id, position
    db.session.add_all(lines)
    db.session.flush()
    outbox.announce(actor, "settlement.drafted", settlement_id=settlement.id.hex, merchant_id=merchant_id.hex)
    return settlement


def _week_before(moment: datetime) -> str:
    return clock.week_of(moment - timedelta(days=7))


@registry.job("close_week", period=_week_before)
def close_last_week(community_id: UUID, week: str) -> None:
    """The clock closes a week after its end."""
    close_week(system_actor(community_id), week)
