"""Closing a week: one draft statement for each merchant, from everything that no statement has yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, insert

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, scoped, system_actor
from ledger.people.models import PlaceUnit, UnitKind
from ledger.settlement import lines as statement_lines
from ledger.settlement.agreed import minimum_for
from ledger.settlement.errors import WeekNotOver
from ledger.settlement.lines import Line
from ledger.settlement.models import Settlement, SettlementLine, SettlementState


@atomic
def close_week(actor: Actor, week: str) -> list[Settlement]:
    """Every merchant with something to settle has a draft of the week ("2026-W41"); returns the new drafts.

    Taken are all redemptions confirmed, refunds made and disputes decided before the cut-off that no live line has,
    whatever week they are from, but what is held back (`registry.held_back`); opening is the previous closing.
    Closing again adds only what is missing. Raises Forbidden, WeekNotOver.
    """
    if actor.person_id != NOBODY:
        require(actor, "issue_settlement")
    _, cut_off = clock.week_bounds(week)
    if cut_off > clock.now():
        raise WeekNotOver
    _one_at_a_time(actor.tenant)
    for look in registry.before_close:
        look(actor.tenant)
    done = _merchants_with_statement(actor.tenant, week)
    waiting = statement_lines.waiting_lines(actor.tenant, cut_off)
    carried = closings_before(actor.tenant, week)
    drafts = [
        draft_statement(actor, merchant_id, week, waiting.get(merchant_id, []), opening=carried.get(merchant_id))
        for merchant_id in sorted((waiting.keys() | carried.keys()) - done)
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


class Opening(NamedTuple):
    """What the statement before closed with, and of which week it is."""

    fen: int
    from_week: str


def closings_before(community_id: UUID, week: str) -> dict[UUID, Opening]:
    """Each merchant's closing of the last statement before this week, where it is not 0."""
    past = scoped(community_id, Settlement).where(Settlement.week < week, Settlement.state != SettlementState.VOID)
    newest = past.with_only_columns(Settlement.merchant_id, func.max(Settlement.week).label("week"))
    last = newest.group_by(Settlement.merchant_id).subquery()
    query = scoped(community_id, Settlement.merchant_id, Settlement.closing_fen, Settlement.week).where(
        Settlement.merchant_id == last.c.merchant_id,
        Settlement.week == last.c.week,
        Settlement.state != SettlementState.VOID,
        Settlement.closing_fen != 0,
    )
    return {merchant_id: Opening(fen, of_week) for merchant_id, fen, of_week in db.session.execute(query)}


def draft_statement(
    actor: Actor,
    merchant_id: UUID,
    week: str,
    lines: Sequence[Line],
    *,
    opening: Opening | None,
    replaces: Settlement | None = None,
) -> Settlement:
    """A draft with these lines. What is overpaid or under the agreement's minimum is carried over to the next week.

    A replacement pays what the statement before it would have paid: the next week may have opened with the rest.
    """
    net, deduction = (sum(line[name] for line in lines) for name in ("net_fen", "deduction_fen"))
    balance = (opening.fen if opening else 0) + net
    payable = replaces.payable_fen if replaces else _payable(balance, minimum_for(actor.tenant, merchant_id))
    if opening is not None:
        first = statement_lines.carry_over(actor.tenant, week, from_week=opening.from_week, fen=opening.fen)
        lines = [first, *lines]
    settlement = Settlement(
        community_id=actor.tenant,
        id=new_id(),
        merchant_id=merchant_id,
        week=week,
        state=SettlementState.DRAFT,
        replaces_id=replaces.id if replaces else None,
        cut_off_at=clock.week_bounds(week)[1],
        known_at=clock.now(),
        opening_fen=opening.fen if opening else 0,
        gross_fen=net + deduction,
        deduction_fen=deduction,
        net_fen=net,
        payable_fen=payable,
        closing_fen=balance - payable,
        held_fen=0,
        points=sum(line["points"] for line in lines),
        line_count=len(lines),
    )
    db.session.add(settlement)
    db.session.flush()
    placed = [line | {"settlement_id": settlement.id, "position": n} for n, line in enumerate(lines, start=1)]
    if placed:
        db.session.execute(insert(SettlementLine), placed)
    outbox.announce(actor, "settlement.drafted", settlement_id=settlement.id.hex, merchant_id=merchant_id.hex)
    return settlement


def _payable(balance: int, minimum: int) -> int:
    return balance if balance >= max(1, minimum) else 0


def _week_before(moment: datetime) -> str:
    return clock.week_of(moment - timedelta(days=7))


@registry.job("close_week", period=_week_before)
def close_last_week(community_id: UUID, week: str) -> None:
    """The clock closes a week after its end."""
    close_week(system_actor(community_id), week)
