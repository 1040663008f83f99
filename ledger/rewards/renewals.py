"""An agreement that comes to its end is told of 30, 7 and 1 days before, to both its sides."""

from __future__ import annotations

from uuid import UUID

from ledger.core import clock, outbox, registry
from ledger.core.db import db
from ledger.core.tenancy import Role, scoped, system_actor, within
from ledger.people.grants import people_with
from ledger.people.notices import declare, tell
from ledger.rewards.merchants import owners_of
from ledger.rewards.models import Agreement, AgreementState, AgreementVersion

DAYS_BEFORE = (30, 7, 1)

TOLD = (Role.ADMIN, Role.TREASURER)

ENDS_SOON = declare(
    "rewards.agreement_ends",
    zh="协议 {number} 到 {day} 为止，还剩 {days} 天。要续签，请起草新的一版；不续签，到期就不能再兑换。",
    en="Agreement {number} runs until {day}: {days} days are left. Draft a new version, or redemption ends.",
)


@registry.job("tell_of_renewals", period=lambda moment: clock.local_day(moment).isoformat())
def tell_of_renewals(community_id: UUID, _day: str) -> None:
    """Every day: administrators, treasurers and the shop's owners are told, once for each distance.

    A day that no tick came is made up for. A new version in force is told of anew.
    """
    today = clock.today()
    query = (
        scoped(community_id, Agreement, AgreementVersion)
        .where(within(community_id, AgreementVersion), AgreementVersion.agreement_id == Agreement.id)
        .where(AgreementVersion.version == Agreement.version, AgreementVersion.ends_on >= today)
        .where(Agreement.state.in_((AgreementState.ACTIVE, AgreementState.SUSPENDED)))
        .order_by(Agreement.id)
        .with_for_update(of=Agreement)
    )
    for agreement, terms in db.session.execute(query).tuples():
        days = (terms.ends_on - today).days
        near = min((one for one in DAYS_BEFORE if days <= one), default=None)
        if near is not None and (agreement.renewal_told is None or near < agreement.renewal_told):
            agreement.renewal_told = near
            _tell(agreement, day=terms.ends_on.isoformat(), days=days)
    db.session.flush()


def _tell(agreement: Agreement, *, day: str, days: int) -> None:
    community_id = agreement.community_id
    outbox.announce(system_actor(community_id), "agreement.ends_soon", agreement_id=agreement.id.hex, days=days)
    people = {*people_with(community_id, TOLD), *owners_of(community_id, [agreement.merchant_id])}
    for person_id in sorted(people):
        facts = {"merchant_id": agreement.merchant_id.hex, "number": agreement.number, "day": day, "days": days}
        tell(community_id, person_id, ENDS_SOON, **facts)
