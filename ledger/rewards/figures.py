"""What waits for a second person's hand, and what a week brought to the shops."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.permissions import reach, reaches_all, reaches_all_by_name
from ledger.core.tenancy import Actor, scoped, within
from ledger.rewards.models import (
    Agreement,
    AgreementState,
    AgreementVersion,
    Offer,
    OfferState,
    OfferVersion,
    Redemption,
    RedemptionState,
)


def agreements_to_sign(actor: Actor) -> list[UUID]:
    """The shops whose agreement waits for this actor's signature for the community; none for whoever signs nothing."""
    if not _signs(actor):
        return []
    query = scoped(actor.tenant, Agreement.merchant_id).where(
        within(actor.tenant, AgreementVersion),
        AgreementVersion.agreement_id == Agreement.id,
        AgreementVersion.version == Agreement.draft_version,
        Agreement.state != AgreementState.ENDED,
        or_(AgreementVersion.signed_by.is_(None), AgreementVersion.signed_by != actor.person_id),
    )
    return list(db.session.scalars(query.order_by(Agreement.id)))


def offers_to_approve(actor: Actor) -> list[UUID]:
    """The shops of the offers that wait for this actor's approval, one for each offer."""
    if not _signs(actor):
        return []
    query = scoped(actor.tenant, Offer.merchant_id).where(
        within(actor.tenant, OfferVersion),
        OfferVersion.offer_id == Offer.id,
        OfferVersion.version == Offer.draft_version,
        Offer.state != OfferState.ENDED,
        OfferVersion.actor_id != actor.person_id,
    )
    return list(db.session.scalars(query.order_by(Offer.id)))


def _signs(actor: Actor) -> bool:
    return reaches_all_by_name(reach(actor, "sign_agreement"))


@dataclass(frozen=True, slots=True)
class Turnover:
    """Confirmed redemptions less what was refunded of them."""

    redemptions: int = 0
    points: int = 0
    fen: int = 0


def turnover_of(actor: Actor, week: str) -> dict[UUID, Turnover]:
    """What each shop gave in a week ("2026-W41"), by merchant; an owner sees the own shop. Raises Forbidden."""
    begins, ends = clock.week_bounds(week)
    query = (
        select(
            Redemption.merchant_id,
            func.count(),
            func.sum(Redemption.points - Redemption.refunded_points),
            func.sum(Redemption.gross_fen - Redemption.refunded_fen),
        )
        .where(within(actor.tenant, Redemption), Redemption.confirmed_at >= begins, Redemption.confirmed_at < ends)
        .where(Redemption.state.in_((RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)))
        .group_by(Redemption.merchant_id)
    )
    scopes = reach(actor, "see_redemptions")
    if not scopes:
        raise Forbidden
    if not reaches_all(scopes):
        query = query.where(Redemption.merchant_id.in_({counter.merchant_id for counter in actor.counters}))
    rows = db.session.execute(query)
    return {merchant_id: Turnover(count, int(points), int(fen)) for merchant_id, count, points, fen in rows}
