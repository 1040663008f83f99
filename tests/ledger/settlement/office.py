"""The week's work at the office: a street, its statements, and each step by the person whose step it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.tenancy import load
from ledger.rewards import refunds
from ledger.rewards.models import Redemption, Refund
from ledger.settlement import closing, lines, settlements
from ledger.settlement.models import Settlement, SettlementLine, SettlementState
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour

FRIDAY = datetime(2026, 11, 20, 4, tzinfo=UTC)
MONDAY = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""The first moment of week 48 in Yinchuan."""

THIS_WEEK, NEXT_WEEK = "2026-W47", "2026-W48"


@dataclass
class Office:
    """Who does which step: the admin issues and pays, the owner confirms, the treasurer approves and reconciles."""

    street: Street

    @property
    def id(self) -> UUID:
        return self.street.id

    @property
    def admin(self) -> Neighbour:
        return self.street.place.admin

    @property
    def treasurer(self) -> Neighbour:
        return self.street.place.treasurer

    def buy(self, points: int = 20) -> Redemption:
        """Somebody new buys a loaf for so many points (ten to the yuan)."""
        offer = self.street.loaf if points == 20 else self.street.offer(points=points)
        return self.street.buy(self.street.volunteer(points), offer)

    def refund(self, redemption: Redemption, points: int | None = None) -> Refund:
        return refunds.refund(self.treasurer.actor, redemption.id, points=points, reason="面包变质")

    def close(self, week: str = THIS_WEEK, *, days_later: int = 0) -> list[Settlement]:
        """The clock stands a moment after the week (plus days) and the treasurer closes it."""
        clock.move_to(clock.week_bounds(week)[1])
        clock.advance(seconds=1, days=days_later)
        return closing.close_week(self.treasurer.actor, week)

    def one(self, week: str = THIS_WEEK) -> Settlement:
        """The only draft of a close."""
        [settlement] = self.close(week)
        return settlement

    def issue(self, settlement: Settlement) -> Settlement:
        return settlements.issue(self.admin.actor, settlement.id)

    def confirm(self, settlement: Settlement) -> Settlement:
        return settlements.confirm(self.street.owner.actor, settlement.id)

    def approve(self, settlement: Settlement) -> Settlement:
        return settlements.approve(self.treasurer.actor, settlement.id)

    def pay(self, settlement: Settlement) -> Settlement:
        today = clock.today()
        return settlements.pay(self.admin.actor, settlement.id, reference="ICBC-20261124-0001", paid_on=today)

    def reconcile(self, settlement: Settlement) -> Settlement:
        return settlements.reconcile(self.treasurer.actor, settlement.id)

    def void(self, settlement: Settlement) -> Settlement:
        colleague = self.street.place.second_treasurer  # Who did none of the steps before.
        return settlements.void(colleague.actor, settlement.id, reason="金额有误")

    def bring_to(self, state: SettlementState, settlement: Settlement | None = None) -> Settlement:
        """A statement in this state, step by step; of a week with one loaf unless one is given."""
        if settlement is None:
            self.buy()
            settlement = self.one()
        row = [reached for _, reached in STEPS]
        done = row.index(SettlementState(settlement.state)) + 1 if settlement.state in row else 0
        wanted = row.index(state) + 1 if state in row else 0
        for step, _ in STEPS[done:wanted]:
            getattr(self, step)(settlement)
        settlement = self.read(settlement)
        assert settlement.state == state
        return settlement

    @atomic
    def read(self, settlement: Settlement) -> Settlement:
        return load(self.id, Settlement, settlement.id)

    def lines(self, settlement: Settlement) -> list[SettlementLine]:
        return atomic(lines.lines_of)(self.id, settlement.id)

    @atomic
    def all_statements(self) -> list[Settlement]:
        return list(db.session.scalars(select(Settlement).order_by(Settlement.id)))


STEPS = (
    ("issue", SettlementState.ISSUED),
    ("confirm", SettlementState.CONFIRMED),
    ("approve", SettlementState.APPROVED),
    ("pay", SettlementState.PAID),
    ("reconcile", SettlementState.RECONCILED),
)
