"""The money of each week: closed in the night to Monday, then a step a day, so that every state stands in the demo."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from api.commands.demo import paying
from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.core.tenancy import load
from ledger.settlement import closing, settlements
from ledger.settlement.models import Settlement, SettlementState


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """The week before is closed; most shops are paid by Friday, some steps take longer, as they do."""
    week = clock.week_of(monday - timedelta(days=1))
    story.tell(monday + timedelta(minutes=30), partial(_close, town, story, week, monday))


def _close(town: Town, story: Story, week: str, monday: datetime) -> None:
    for n, settlement in enumerate(closing.close_week(town.cast["admin"], week)):
        _tell_life(town, story, settlement, n, monday)


def _tell_life(town: Town, story: Story, settlement: Settlement, n: int, monday: datetime) -> None:
    """One in eight shops stays silent and is confirmed by the clock; one statement in thirty is replaced."""
    admin, treasurer = town.cast["admin"], town.cast["treasurer"]
    owner = town.owner_of(settlement.merchant_id)

    def pay() -> None:
        """Unless a batch of the last hours holds it, or has paid it."""
        now = load(town.community.id, Settlement, settlement.id)
        if now.state != SettlementState.APPROVED or settlements.live_payout(now):
            return
        today = clock.today()
        settlements.pay(admin, settlement.id, reference=f"回单 {settlement.week}-{n + 1:02d}", paid_on=today)

    def reconcile() -> None:
        if load(town.community.id, Settlement, settlement.id).state == SettlementState.PAID:
            settlements.reconcile(treasurer, settlement.id)

    def approve(moment: datetime) -> None:
        """A silent shop is confirmed by the clock after its working days; holidays make that later."""
        if load(town.community.id, Settlement, settlement.id).state != SettlementState.CONFIRMED:
            story.tell(moment + timedelta(days=1), partial(approve, moment + timedelta(days=1)))
            return
        settlements.approve(treasurer, settlement.id)
        paid = moment + timedelta(days=6 if n % 5 == 2 else 1)
        story.tell(paid, pay)
        story.tell(paid + timedelta(days=3), reconcile)

    issued = monday + timedelta(days=n % 7 if n % 7 > 4 else 0, hours=9)
    story.tell(issued, partial(settlements.issue, admin, settlement.id))
    paying.tell_dispute(town, story, settlement, n=n, issued=issued)
    if n % 30 == 7:
        reason = "备注有误，重新出单"
        story.tell(issued + timedelta(hours=6), partial(settlements.void, treasurer, settlement.id, reason=reason))
        return
    if n % 8 != 5:
        story.tell(issued + timedelta(days=1), partial(settlements.confirm, owner, settlement.id))
    approved = issued + timedelta(days=3, hours=1)
    story.tell(approved, partial(approve, approved))
