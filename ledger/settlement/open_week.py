"""A shop's week so far: what the next statement would consist of if it were closed now."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.rewards.merchants import load_merchant
from ledger.rewards.models import Merchant
from ledger.settlement.closing import closings_before
from ledger.settlement.lines import Line, waiting_lines


class OpenWeek(NamedTuple):
    """The shop's lines that no statement has, in the order of time, and what the last statement carried over (fen).

    What is held back for a flag is no part of it. Nothing is frozen: refunds of later days are still to come.
    """

    merchant: Merchant
    week: str
    opening_fen: int
    lines: list[Line]

    @property
    def net_fen(self) -> int:
        return sum(line["net_fen"] for line in self.lines)

    @property
    def points(self) -> int:
        return sum(line["points"] for line in self.lines)

    @property
    def line_count(self) -> int:
        return len(self.lines)


def see_open_week(actor: Actor, merchant_id: UUID) -> OpenWeek:
    """The shop's week so far, for whoever sees its statements: NotFound, Forbidden."""
    merchant = load_merchant(actor.tenant, merchant_id)
    require(actor, "see_settlements", merchant_id=merchant.id)
    now = clock.now()
    week = clock.week_of(now)
    opening = closings_before(actor.tenant, week).get(merchant.id)
    found = waiting_lines(actor.tenant, now, merchant_id=merchant.id)
    return OpenWeek(merchant, week, opening.fen if opening else 0, found.get(merchant.id, []))
