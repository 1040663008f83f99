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
from ledger.rewards.donation_models import Donation
from ledger.rewards.models import Merchant, Redemption, Refund
from ledger.rewards.pool_models import Contribution, PoolConsent
from ledger.rewards.voucher_models import Voucher


def export_rewards(person_id: UUID) -> dict[str, Any]:
    """What the person redeemed and where, what was given back and why, vouchers, and what was given to the pot.

    What was paid of others' redemptions in the household, and what the household was let use, too.
    """
    bought: list[dict[str, Any]] = []
    vouchers: list[dict[str, Any]] = []
    donations: list[dict[str, Any]] = []
    refunds: list[dict[str, Any]] = []
    paid: list[dict[str, Any]] = []
    pools: list[dict[str, Any]] = []
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
        kept = scoped(member.community_id, Voucher).where(Voucher.member_id == member.id).order_by(Voucher.id)
        of_voucher = ("community_id", "id", "number", "state", "points", "quantity", "bought_at", "valid_until")
        vouchers += all_facts(db.session.scalars(kept), *of_voucher)
        given = scoped(member.community_id, Donation).where(Donation.member_id == member.id).order_by(Donation.id)
        of_gift = ("community_id", "id", "receipt_number", "state", "points", "purpose", "given_at")
        donations += all_facts(db.session.scalars(given), *of_gift)
        of_part = ("community_id", "redemption_id", "points", "refunded_points", "agreed_at")
        paid += all_facts(_own(Contribution, member, Contribution.redemption_id), *of_part)
        of_word = ("community_id", "household_id", "points_at_most", "agreed_at", "ended_at")
        pools += all_facts(_own(PoolConsent, member, PoolConsent.id), *of_word)
    return {
        "redemptions": bought,
        "refunds": refunds,
        "vouchers": vouchers,
        "donations": donations,
        "paid_together": paid,
        "pools": pools,
    }


def _own(model: Any, member: Any, order: Any) -> Any:
    return db.session.scalars(scoped(member.community_id, model).where(model.member_id == member.id).order_by(order))


def _ids(member: Any) -> Any:
    return scoped(member.community_id, Redemption.id).where(Redemption.member_id == member.id)


@atomic
def erase_reasons(person_id: UUID) -> None:
    """No reason of a refund and no purpose of a donation speaks of the person; what was sealed stays a digest."""
    for member in memberships_ever(person_id):
        blank = update(Refund).where(within(member.community_id, Refund), Refund.redemption_id.in_(_ids(member)))
        db.session.execute(blank.values(reason=""), execution_options={"synchronize_session": False})
        given = update(Donation).where(within(member.community_id, Donation), Donation.member_id == member.id)
        db.session.execute(given.values(purpose=""), execution_options={"synchronize_session": False})


registry.exporters["rewards"] = export_rewards
registry.erasers["rewards"] = erase_reasons
