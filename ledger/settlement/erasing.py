"""Statements repeat the reason of a refund; where that speaks of somebody who is erased, it goes here too."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.tenancy import scoped, within
from ledger.people.exporting import memberships_ever
from ledger.rewards.models import Redemption
from ledger.settlement.models import SettlementLine


@atomic
def erase_reasons(person_id: UUID) -> None:
    """No line of a statement speaks of the person; its figures stay."""
    for member in memberships_ever(person_id):
        own = scoped(member.community_id, Redemption.id).where(Redemption.member_id == member.id)
        lines = within(member.community_id, SettlementLine), SettlementLine.redemption_id.in_(own)
        db.session.execute(
            update(SettlementLine).where(*lines).values(reason=""), execution_options={"synchronize_session": False}
        )


registry.erasers["settlement"] = erase_reasons
