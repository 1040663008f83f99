"""What of the week's settlement waits for its next step, told each working day to whoever takes it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func

from ledger.core import clock, registry, workdays
from ledger.core.db import db
from ledger.core.tenancy import Role, scoped
from ledger.people.grants import people_with
from ledger.people.notices import declare, remind_each
from ledger.settlement.models import Settlement, SettlementState

WAITING = declare(
    "settlement.waiting",
    zh="结算单等着办：{draft} 张待出单，{confirmed} 张待审批，{approved} 张待付款，{paid} 张待对账。",
    en="Statements wait: {draft} to issue, {confirmed} to approve, {approved} to pay, {paid} to reconcile.",
    on_paper=False,
)

STEPS = (SettlementState.DRAFT, SettlementState.CONFIRMED, SettlementState.APPROVED, SettlementState.PAID)
"""The states that end with a step of the community's; what is issued waits for the shop, which is told itself."""


@registry.job("remind_treasurers", period=lambda moment: clock.local_day(moment).isoformat())
def remind_treasurers(community_id: UUID, _day: str) -> None:
    """Once each working day the treasurers are told how many statements wait for which step, if any do."""
    if not workdays.is_workday(clock.today()):
        return
    waiting = scoped(community_id, Settlement.state).add_columns(func.count()).where(Settlement.state.in_(STEPS))
    counts = dict(db.session.execute(waiting.group_by(Settlement.state)).tuples().all())
    facts = {step.value: counts.get(step, 0) for step in STEPS}
    told = people_with(community_id, [Role.TREASURER]) if counts else []
    remind_each(community_id, dict.fromkeys(told, facts), WAITING)
