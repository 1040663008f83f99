"""A household's pool: what each lets the others use beforehand, and the word of who is asked for a part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, update

from ledger.book.holds import void_holds
from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import numbers
from ledger.people.models import Household, Member, MemberState
from ledger.rewards import pooling
from ledger.rewards.errors import NoHousehold, OwnRedemption
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import Merchant, OfferVersion, Redemption, RedemptionState
from ledger.rewards.pool_models import Contribution, PoolConsent
from ledger.rewards.redemptions import state_at
from ledger.rewards.reservations import SOURCE

VERB = "pool"


@dataclass(frozen=True, slots=True)
class PoolMember:
    """One of the household, and how many points a time they let the others use (None: they are asked each time)."""

    member_id: UUID
    name: str
    points_at_most: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of a redemption that waits for the member's word."""

    redemption_id: UUID
    points: int
    shop: str
    offer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Pool:
    """The actor's household as they see it: themself first; without a household nobody else is in it."""

    household_id: UUID | None
    name: str
    members: list[PoolMember]
    asked: list[Asked]


def see_pool(actor: Actor) -> Pool:
    """Who pays with whom, what each agreed to beforehand, and what waits for the actor's word. Raises Forbidden."""
    require(actor, VERB, member_id=actor.member_id)
    me = load(actor.tenant, Member, actor.member_id)
    home = load(actor.tenant, Household, me.household_id) if me.household_id else None
    kept = scoped(actor.tenant, PoolConsent.member_id, PoolConsent.points_at_most).where(
        PoolConsent.household_id == me.household_id, PoolConsent.ended_at.is_(None)
    )
    at_most = dict(db.session.execute(kept).tuples().all())
    people = scoped(actor.tenant, Member).where(
        or_(Member.id == me.id, Member.household_id == me.household_id), Member.state == MemberState.ACTIVE
    )
    found = sorted(db.session.scalars(people), key=lambda one: (one.id != me.id, one.sort_key))
    shown = [PoolMember(one.id, one.name, at_most.get(one.id)) for one in found]
    return Pool(home.id if home else None, home.name if home else "", shown, _asked(actor))


def _asked(actor: Actor) -> list[Asked]:
    query = scoped(
        actor.tenant, Contribution.redemption_id, Contribution.points, OfferVersion.name, Redemption.expires_at
    ).add_columns(Merchant.name)
    query = query.where(
        Redemption.id == Contribution.redemption_id,
        Redemption.state == RedemptionState.RESERVED,
        Redemption.expires_at > clock.now(),
        OfferVersion.offer_id == Redemption.offer_id,
        OfferVersion.version == Redemption.offer_version,
        Merchant.id == Redemption.merchant_id,
        Contribution.member_id.in_(actor.member_ids),
        Contribution.agreed_at.is_(None),
    )
    rows = db.session.execute(query.order_by(Redemption.id))
    return [Asked(one, points, shop, offer, until) for one, points, offer, until, shop in rows]


@atomic
def let_household_use(actor: Actor, points_at_most: int) -> PoolConsent:
    """Whoever of the household redeems may use up to so many points of the actor's each time, until revoked.

    What was said before is over. Raises Forbidden, NumberIsNew, NoHousehold.
    """
    require(actor, VERB, member_id=actor.member_id)
    numbers.require_settled(actor)
    me = load(actor.tenant, Member, actor.member_id, lock=True)
    if me.household_id is None:
        raise NoHousehold
    _end_consents(actor.tenant, me.id)
    consent = PoolConsent(
        community_id=actor.tenant,
        id=new_id(),
        member_id=me.id,
        household_id=me.household_id,
        points_at_most=points_at_most,
        agreed_at=clock.now(),
    )
    db.session.add(consent)
    db.session.flush()
    audit.record(actor, "rewards.let_household_use", consent.id, points=points_at_most)
    outbox.announce(actor, "pool.agreed", member_id=me.id.hex)
    return consent


@atomic
def revoke(actor: Actor) -> None:
    """The actor is asked each time from now on; what is reserved already stays so. Raises Forbidden, NotFound."""
    require(actor, VERB, member_id=actor.member_id)
    me = load(actor.tenant, Member, actor.member_id, lock=True)
    if not _end_consents(actor.tenant, me.id):
        raise NotFound
    audit.record(actor, "rewards.end_household_use", me.id)
    outbox.announce(actor, "pool.revoked", member_id=me.id.hex)


def _end_consents(community_id: UUID, member_id: UUID) -> int:
    ended = (
        update(PoolConsent)
        .where(within(community_id, PoolConsent), PoolConsent.member_id == member_id, PoolConsent.ended_at.is_(None))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    found: int = db.session.execute(ended).rowcount  # type: ignore[attr-defined]
    return found


@atomic
def agree(actor: Actor, redemption_id: UUID) -> Redemption:
    """The actor's part of the redemption is set aside; who does not want to cancels it instead.

    Raises NotFound, Forbidden (not asked), NumberIsNew, OwnRedemption (behind the shop's counter), WrongState (agreed
    already, or no longer reserved), InsufficientPoints.
    """
    redemption = load(actor.tenant, Redemption, redemption_id, lock=True)
    mine = [part for part in pooling.parts_of(redemption) if part.member_id in actor.member_ids]
    if not mine:
        raise Forbidden
    require(actor, VERB, member_id=mine[0].member_id)
    numbers.require_settled(actor)
    if is_behind_counter(actor, redemption.merchant_id):
        raise OwnRedemption
    state = state_at(redemption, clock.now())
    contribution = mine[0].contribution
    if state is not RedemptionState.RESERVED or contribution.agreed_at is not None:
        raise WrongState(state=state)
    contribution.agreed_at = clock.now()
    pooling.hold_part(actor, redemption, contribution.member_id, contribution.points)
    db.session.flush()
    audit.record(actor, "rewards.agree_to_pool", redemption.id, points=contribution.points)
    outbox.announce(actor, "redemption.pool_agreed", redemption_id=redemption.id.hex)
    return redemption


@registry.when_member_leaves
def leave_pool(community_id: UUID, member_id: UUID) -> None:
    """Whoever leaves pays nothing any more: what they were to pay a part of is cancelled, and their word is over."""
    _end_consents(community_id, member_id)
    query = scoped(community_id, Redemption.id).where(
        Redemption.state == RedemptionState.RESERVED, pooling.contributes(community_id, [member_id])
    )
    void_holds(community_id, SOURCE, list(db.session.scalars(query)))
