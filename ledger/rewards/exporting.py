"""What this room knows of a person, for the file of their data; and the words of theirs that erasure takes away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts, facts_of
from ledger.core.tenancy import scoped, within
from ledger.people.exporting import memberships_ever
from ledger.rewards.models import Merchant, Redemption, Refund


def export_rewards(person_id: UUID) -> dict[str, Any]:
    """What the person redeemed, where, and what was given back with the reason."""
    bought: list[dict[str, Any]] = []
    refunds: list[dict[str, Any]] = []
    for member in memberships_ever(person_id):
        query = scoped(member.community_id, Redemption).where(Redemption.member_id == member.id)
        names = (
            "community_id",
            "id",
            "receipt_number",
            "state",
            "points",
            "quantity",
            "refunded_points",
            "reserved_at",
        )
        for redemption in db.session.scalars(query.order_by(Redemption.id)):
            shop = db.session.get(Merchant, redemption.merchant_id)
            bought.append(facts_of(redemption, *names) | {"shop": shop.name if shop else None})
        rows = db.session.scalars(scoped(member.community_id, Refund).where(Refund.redemption_id.in_(_ids(member))))
        refunds += all_facts(rows, "community_id", "redemption_id", "points", "reason")
    return {"redemptions": bought, "refunds": refunds}


def _ids(member: Any) -> Any:
    return scoped(member.community_id, Redemption.id).where(Redemption.member_id == member.id)


@atomic
def erase_reasons(person_id: UUID) -> None:
    """No reason of a refund speaks of the person; what it was sealed as stays a digest."""
    for member in memberships_ever(person_id):
        blank = update(Refund).where(within(member.community_id, Refund), Refund.redemption_id.in_(_ids(member)))
        db.session.execute(blank.values(reason=""), execution_options={"synchronize_session": False})


registry.exporters["rewards"] = export_rewards
registry.erasers["rewards"] = erase_reasons
