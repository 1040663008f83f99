"""Offers: what a shop gives for points. Drafted by one, approved by another; versions are for good."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, Refused, VersionChanged, WrongState
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.rewards.discounts import require_card
from ledger.rewards.errors import OwnDraft
from ledger.rewards.merchants import is_behind_counter
from ledger.rewards.models import (
    Agreement,
    AgreementState,
    Branch,
    Offer,
    OfferKind,
    OfferState,
    OfferVersion,
    Path,
)
from ledger.rewards.offer_pictures import put_pictures
from ledger.rewards.terms import Terms, Wish, obstacles, read_terms

EVERY_DAY = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """The terms of an offer version. `points` and `price_fen` are per piece; price None: points at the agreed rate.

    `weekdays` is a mask (Monday 1 … Sunday 64); hours are in Asia/Shanghai, from inclusive, until exclusive; dates
    are inclusive; `branch_ids` None is every branch; limits are pieces per member, per household and
    week, and (in all) per person. None is without limit.
    `discount_fen`: a card takes so much off a bill of at least the minimum, or with `discount_percent` (1 … 99) that
    part of the bill, at most so much; of it the shop bears `shop_bears_percent` (0 … 100) itself.
    `voucher_days`: so long a voucher of it can be used (None: 90; 0: it is not sold as one). `picture_ids`: at most
    three, in order.
    """

    name: str
    points: int
    description: str = ""
    price_fen: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    weekdays: int = EVERY_DAY
    from_time: time | None = None
    until_time: time | None = None
    branch_ids: tuple[UUID, ...] | None = None
    minimum_bill_fen: int | None = None
    discount_fen: int | None = None
    discount_percent: int | None = None
    shop_bears_percent: int = 0
    per_member_per_day: int | None = None
    per_member_per_week: int | None = None
    per_household_per_week: int | None = None
    per_person: int | None = None
    voucher_days: int | None = None
    picture_ids: tuple[UUID, ...] = ()

    def as_row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__dataclass_fields__}
        pictures = [picture_id.hex for picture_id in self.picture_ids] or None
        places = self.branch_ids and [branch_id.hex for branch_id in self.branch_ids]
        return row | {"branch_ids": places, "picture_ids": pictures}


def terms_in(version: OfferVersion) -> OfferTerms:
    """What a version says, to be drafted again with a change."""
    terms = {name: getattr(version, name) for name in OfferTerms.__dataclass_fields__}
    terms["branch_ids"] = version.branch_ids and tuple(UUID(hex=one) for one in version.branch_ids)
    terms["picture_ids"] = tuple(UUID(hex=one) for one in version.picture_ids or ())
    return OfferTerms(**terms)


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer for somebody who looks at it: usable now, or the reasons why not, in the order of precedence."""

    terms: Terms
    branch_ids: list[UUID]
    reasons: tuple[Refused, ...]

    @property
    def is_usable(self) -> bool:
        return not self.reasons


@atomic
def draft_offer(
    actor: Actor, agreement_id: UUID, *, kind: OfferKind, terms: OfferTerms, stock: int | None = None
) -> Offer:
    """A draft exists under the agreement, with `stock` pieces (None: without limit), waiting for approval.

    Raises NotFound (agreement, branch, picture), Forbidden, NotACard, WrongState (agreement ended), PhotoLimit.
    """
    agreement = load(actor.tenant, Agreement, agreement_id)
    _require_branches(agreement.merchant_id, terms.branch_ids)
    require(actor, "draft_offer", merchant_id=agreement.merchant_id)
    require_card(kind, terms.discount_fen)
    if agreement.state == AgreementState.ENDED:
        raise WrongState(state=agreement.state)
    offer = Offer(
        community_id=actor.tenant,
        id=new_id(),
        agreement_id=agreement.id,
        merchant_id=agreement.merchant_id,
        kind=kind,
        state=OfferState.DRAFT,
        version=1,
        draft_version=1,
        stock=stock,
        created_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(offer)
    db.session.flush()
    put_pictures(actor, offer, terms.picture_ids)
    _add_version(actor, offer, 1, terms)
    audit.record(actor, "rewards.draft_offer", offer.id, points=terms.points)
    outbox.announce(actor, "offer.drafted", offer_id=offer.id.hex)
    return offer


def _require_branches(merchant_id: UUID, branch_ids: Collection[UUID] | None) -> None:
    if branch_ids is None:
        return
    known = select(func.count()).where(Branch.merchant_id == merchant_id, Branch.id.in_(branch_ids))
    if db.session.scalar(known) != len(set(branch_ids)):
        raise NotFound


def _add_version(actor: Actor, offer: Offer, version: int, terms: OfferTerms) -> None:
    row = {
        "community_id": actor.tenant,
        "offer_id": offer.id,
        "version": version,
        "created_at": clock.now(),
        "actor_id": actor.person_id,
        **terms.as_row(),
    }
    db.session.execute(insert(OfferVersion), [row])


@atomic
def change_offer(actor: Actor, offer_id: UUID, *, read_version: int, terms: OfferTerms) -> Offer:
    """A new version is drafted; the one in force stays so until somebody else approves the new one.

    What is reserved keeps its terms. A draft that waits already is replaced. `read_version` is the newest one that
    the caller has read. Raises NotFound (offer, branch, picture), Forbidden, NotACard, WrongState (ended),
    VersionChanged, PhotoLimit.
    """
    offer = load(actor.tenant, Offer, offer_id, lock=True)
    _require_branches(offer.merchant_id, terms.branch_ids)
    require(actor, "draft_offer", merchant_id=offer.merchant_id)
    require_card(offer.kind, terms.discount_fen)
    if offer.state == OfferState.ENDED:
        raise WrongState(state=offer.state)
    newest = newest_version(actor.tenant, offer.id)
    if read_version != newest:
        raise VersionChanged
    put_pictures(actor, offer, terms.picture_ids)
    _add_version(actor, offer, newest + 1, terms)
    offer.draft_version = newest + 1
    if offer.state == OfferState.DRAFT:
        offer.version = newest + 1
    db.session.flush()
    audit.record(actor, "rewards.change_offer", offer.id, version=newest + 1, points=terms.points)
    outbox.announce(actor, "offer.changed", offer_id=offer.id.hex, version=newest + 1)
    return offer


def newest_version(community_id: UUID, offer_id: UUID) -> int:
    """The number of the offer's latest version, in force or drafted: what its ETag names."""
    query = select(func.max(OfferVersion.version)).where(
        within(community_id, OfferVersion), OfferVersion.offer_id == offer_id
    )
    return int(db.session.scalar(query) or 0)


@atomic
def approve_offer(actor: Actor, offer_id: UUID, *, version: int | None = None) -> Offer:
    """The waiting version is in force and the offer active; approved by the community, never by its drafter.

    Nor by somebody behind the shop's own counter, whatever else they are.

    `version` is the one that was read, None: whichever waits. Raises NotFound, Forbidden, WrongState (nothing
    waits), VersionChanged, OwnDraft.
    """
    offer = load(actor.tenant, Offer, offer_id, lock=True)
    if not reaches_all_by_name(reach(actor, "sign_agreement")):
        raise Forbidden
    if is_behind_counter(actor, offer.merchant_id):
        raise Forbidden
    if offer.draft_version is None or offer.state == OfferState.ENDED:
        raise WrongState(state=offer.state)
    if version not in (None, offer.draft_version):
        raise VersionChanged
    draft = db.session.get_one(OfferVersion, (actor.tenant, offer.id, offer.draft_version))
    if actor.is_person(draft.actor_id):
        raise OwnDraft
    draft.approved_by = actor.person_id
    offer.version, offer.draft_version, offer.state = draft.version, None, OfferState.ACTIVE
    db.session.flush()
    audit.record(actor, "rewards.approve_offer", offer.id, version=draft.version)
    outbox.announce(actor, "offer.approved", offer_id=offer.id.hex, version=draft.version)
    return offer


@atomic
def restock_offer(actor: Actor, offer_id: UUID, *, pieces: int) -> Offer:
    """`pieces` more can be taken. Raises NotFound, Forbidden, WrongState (ended, or without a limit of stock)."""
    offer = load(actor.tenant, Offer, offer_id)
    require(actor, "draft_offer", merchant_id=offer.merchant_id)
    limited = and_(Offer.state != OfferState.ENDED, Offer.stock.is_not(None))
    _update(offer, limited, stock=Offer.stock + pieces)
    audit.record(actor, "rewards.restock_offer", offer.id, pieces=pieces)
    outbox.announce(actor, "offer.restocked", offer_id=offer.id.hex, pieces=pieces)
    return offer


@atomic
def end_offer(actor: Actor, offer_id: UUID) -> Offer:
    """Nobody can choose the offer any more; what is reserved stays so. Raises NotFound, Forbidden, WrongState."""
    offer = load(actor.tenant, Offer, offer_id)
    require(actor, "draft_offer", merchant_id=offer.merchant_id)
    _update(offer, Offer.state != OfferState.ENDED, state=OfferState.ENDED, draft_version=None)
    audit.record(actor, "rewards.end_offer", offer.id)
    outbox.announce(actor, "offer.ended", offer_id=offer.id.hex)
    return offer


def _update(offer: Offer, condition: ColumnElement[bool], **values: Any) -> None:
    statement = (
        update(Offer)
        .where(within(offer.community_id, Offer), Offer.id == offer.id, condition)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    changed = db.session.execute(statement).rowcount  # type: ignore[attr-defined]
    db.session.refresh(offer)
    if not changed:
        raise WrongState(state=offer.state)


# --- looking ----------------------------------------------------------------------------------------------------


class OfferOrder(StrEnum):
    """How a list of offers is sorted: what was drafted last comes first, or by the points of a piece."""

    NEWEST = "newest"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


_ORDERS = {
    OfferOrder.NEWEST: NEWEST,
    OfferOrder.CHEAPEST: Order(OfferVersion.points),
    OfferOrder.DEAREST: Order(OfferVersion.points, falls=True),
}


def list_offers(
    actor: Actor,
    *,
    merchant_id: UUID | None = None,
    branch_id: UUID | None = None,
    order: OfferOrder = OfferOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[OfferView]:
    """The offers the actor may see: drafts and ended ones for those who make them, else the active.

    Each says whether the actor, as a member, could take one piece now, and if not why. Raises Forbidden.
    """
    conditions = [_visible(actor)]
    if merchant_id:
        conditions.append(Offer.merchant_id == merchant_id)
    place: dict[str, Any] = {"order": _ORDERS[order], "after": after, "limit": limit}
    return views(actor.tenant, *conditions, member_id=actor.member_id, branch_id=branch_id, **place)


def see_offer(actor: Actor, offer_id: UUID) -> OfferView:
    """One offer as it is for the actor now: NotFound, Forbidden (a draft of others)."""
    load(actor.tenant, Offer, offer_id)
    found = views(actor.tenant, _visible(actor), Offer.id == offer_id, member_id=actor.member_id)
    if not found:
        raise Forbidden
    return found[0]


def offers_at(
    community_id: UUID, branch: Branch, *, member_id: UUID | None = None, path: Path | None = None
) -> list[OfferView]:
    """The shop's active offers as they are at this branch now, newest first, for a member or (None) for anybody."""
    here = (Offer.merchant_id == branch.merchant_id, Offer.state == OfferState.ACTIVE)
    return views(community_id, *here, member_id=member_id, branch_id=branch.id, path=path)


def versions_of(actor: Actor, offer_id: UUID) -> tuple[Offer, list[OfferVersion]]:
    """The offer with all its versions, newest first, for those who make offers: NotFound, Forbidden."""
    offer = load(actor.tenant, Offer, offer_id)
    require(actor, "see_agreements", merchant_id=offer.merchant_id)
    query = scoped(actor.tenant, OfferVersion).where(OfferVersion.offer_id == offer.id)
    return offer, list(db.session.scalars(query.order_by(OfferVersion.version.desc())))


class OfferOnSheet(NamedTuple):
    """An offer with the terms in force (or of its first draft), and the version that waits for approval, if any."""

    offer: Offer
    terms: OfferVersion
    draft: OfferVersion | None


def list_versions(actor: Actor, merchant_id: UUID, *, order: OfferOrder = OfferOrder.NEWEST) -> list[OfferOnSheet]:
    """All offers of a shop for those who make and approve them. Raises Forbidden."""
    require(actor, "see_agreements", merchant_id=merchant_id)
    query = scoped(actor.tenant, Offer, OfferVersion).where(
        Offer.merchant_id == merchant_id, OfferVersion.offer_id == Offer.id
    )
    shown = arrange(
        query.where(OfferVersion.version == Offer.version), _ORDERS[order], Offer.id, rows=query, after=None
    )
    waiting = query.where(OfferVersion.version == Offer.draft_version)
    drafts = {offer.id: version for offer, version in db.session.execute(waiting)}
    return [OfferOnSheet(offer, terms, drafts.get(offer.id)) for offer, terms in db.session.execute(shown)]


def count_active(community_id: UUID, merchant_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many offers of each of these shops are active."""
    query = select(Offer.merchant_id, func.count()).where(
        within(community_id, Offer), Offer.merchant_id.in_(merchant_ids), Offer.state == OfferState.ACTIVE
    )
    return dict(db.session.execute(query.group_by(Offer.merchant_id)).tuples().all())


def _visible(actor: Actor) -> ColumnElement[bool]:
    """SQL: all offers for the community's staff, a counter's own whatever their state, active ones for members."""
    if not reach(actor, "see_offers"):
        raise Forbidden
    if reaches_all_by_name(reach(actor, "see_agreements")):
        return Offer.id.is_not(None)
    own = Offer.merchant_id.in_({counter.merchant_id for counter in actor.counters})
    if actor.member_id is None and not actor.grants:
        return own
    return or_(own, Offer.state == OfferState.ACTIVE)


def views(
    community_id: UUID,
    *conditions: ColumnElement[bool],
    member_id: UUID | None,
    branch_id: UUID | None = None,
    path: Path | None = None,
    **place: Any,
) -> list[OfferView]:
    """Offers with the reasons against one piece for this member, by this path, at this branch now.

    Two statements for all. `place` are the order, the row `after` which they begin, and the limit of `read_terms`.
    """
    now = clock.now()
    found = read_terms(community_id, *conditions, member_id=member_id, at=now, path=path, **place)
    wish = Wish(at=now, branch_id=branch_id, bill_matters=False)
    branches = _branches_of({terms.merchant_id for terms in found})
    return [
        OfferView(
            terms,
            [UUID(hex=text) for text in terms.branch_ids]
            if terms.branch_ids is not None
            else branches[terms.merchant_id],
            tuple(obstacles(terms, wish)),
        )
        for terms in found
    ]


def _branches_of(merchant_ids: set[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {merchant_id: [] for merchant_id in merchant_ids}
    query = select(Branch.merchant_id, Branch.id).where(Branch.merchant_id.in_(merchant_ids)).order_by(Branch.id)
    for merchant_id, branch_id in db.session.execute(query):
        found[merchant_id].append(branch_id)
    return found
