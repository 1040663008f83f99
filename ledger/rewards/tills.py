"""The till: a member's code opens a visit of ten minutes, and the clerk sees just what is usable here and now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, load
from ledger.people import cards, consents, guesses
from ledger.people.members import describe_members, name_for_shops
from ledger.people.models import Purpose
from ledger.rewards import member_codes
from ledger.rewards.errors import BranchRequired, OwnRedemption
from ledger.rewards.merchants import only_branch
from ledger.rewards.models import Branch, Offer, OfferState, Path, TillVisit, Via
from ledger.rewards.offers import OfferView, views
from ledger.rewards.voucher_reading import VoucherView, vouchers_at

VISIT_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Till:
    """A visit as the clerk sees it: the member by a masked name, offers and vouchers with what stands against each."""

    visit: TillVisit
    member_name: str
    offers: list[OfferView]
    vouchers: list[VoucherView]


@atomic
def open_till(
    actor: Actor, branch_id: UUID | None = None, *, member_code: str | None = None, card_code: str | None = None
) -> Till:
    """The member's code is used up and a visit at the branch is open for ten minutes; a paper card stays as it is.

    `branch_id` None is the counter's own branch, where there is only one. Raises NotFound (branch), Forbidden,
    TooManyRequests, BranchRequired, then what the code earns: MemberCodeUnknown, -Used, -Replaced, -Expired,
    UnknownCard, CardBlank, -Lost, -Replaced, -Void, -HolderLeft, OwnRedemption.
    """
    branch = counter_of(actor, branch_id)
    if card_code is not None:
        return _open_by_card(actor, branch, card_code)
    assert member_code is not None
    member_codes.refuse_guessing(actor)
    scanned = member_codes.look_up(actor, member_code)
    visit_id = new_id()
    with member_codes.used_up(actor, scanned, till_id=visit_id):
        return _open(actor, branch, visit_id, _other_than(actor, scanned.member_id))


def _open_by_card(actor: Actor, branch: Branch, code: str) -> Till:
    guesses.refuse_guessing(actor)
    scanned = cards.look_up(actor, code)
    if scanned.refusal is not None:
        raise scanned.refusal
    assert scanned.card is not None
    member_id = _other_than(actor, scanned.member_id)
    return _open(actor, branch, new_id(), member_id, card_id=scanned.card.id)


def counter_of(actor: Actor, branch_id: UUID | None) -> Branch:
    """The branch behind whose counter the actor stands: NotFound, Forbidden, BranchRequired."""
    require_any(actor, "use_till")
    branch = db.session.get(Branch, branch_id or _own_branch(actor))
    if branch is None:
        raise NotFound
    require(actor, "use_till", merchant_id=branch.merchant_id, branch_id=branch.id)
    return branch


def branches_of(actor: Actor) -> list[Branch]:
    """The counters that the actor may stand behind, oldest first. Raises Forbidden."""
    require_any(actor, "use_till")
    places = [(counter.merchant_id, counter.branch_id) for counter in actor.counters]
    here = or_(*(Branch.merchant_id == shop if one is None else Branch.id == one for shop, one in places))
    return list(db.session.scalars(select(Branch).where(here).order_by(Branch.id)))


def _own_branch(actor: Actor) -> UUID:
    places = {(counter.merchant_id, counter.branch_id) for counter in actor.counters}
    if len(places) != 1:
        raise BranchRequired
    [(merchant_id, branch_id)] = places
    return branch_id or only_branch(merchant_id)


def _other_than(actor: Actor, member_id: UUID | None) -> UUID:
    """The member, who is never the clerk."""
    if member_id is None or member_id == actor.member_id:
        raise OwnRedemption
    return member_id


def _open(actor: Actor, branch: Branch, visit_id: UUID, member_id: UUID, *, card_id: UUID | None = None) -> Till:
    now = clock.now()
    visit = TillVisit(
        community_id=actor.tenant,
        id=visit_id,
        member_id=member_id,
        merchant_id=branch.merchant_id,
        branch_id=branch.id,
        via=Via.CARD if card_id else Via.MEMBER_CODE,
        card_id=card_id,
        opened_at=now,
        expires_at=now + timedelta(minutes=VISIT_MINUTES),
        actor_id=actor.person_id,
    )
    db.session.add(visit)
    db.session.flush()
    audit.record(actor, "rewards.open_till", visit.id, branch_id=branch.id.hex, member_id=member_id.hex)
    outbox.announce(actor, "till.opened", till_id=visit.id.hex)
    return _show(actor, visit)


def see_till(actor: Actor, till_id: UUID) -> Till:
    """The visit with its offers as they are now: NotFound, Forbidden."""
    visit = load(actor.tenant, TillVisit, till_id)
    require(actor, "use_till", merchant_id=visit.merchant_id, branch_id=visit.branch_id)
    return _show(actor, visit)


def _show(actor: Actor, visit: TillVisit) -> Till:
    here = (Offer.merchant_id == visit.merchant_id, Offer.state == OfferState.ACTIVE)
    offers = views(actor.tenant, *here, member_id=visit.member_id, branch_id=visit.branch_id, path=Path(visit.via))
    member = describe_members(actor.tenant, [visit.member_id])[visit.member_id]
    shares = Purpose.SHARING_WITH_SHOPS in consents.given_by(member.person_id)
    unused = vouchers_at(actor, visit.member_id, merchant_id=visit.merchant_id, branch_id=visit.branch_id)
    return Till(visit, name_for_shops(member.name, shares=shares), offers, unused)
