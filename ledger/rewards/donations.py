"""Donations: a member's own points for the community pot, and taking back within ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func

from ledger.book.accounts import pot_of, wallet_of
from ledger.book.codes import Code
from ledger.book.reversals import Taking, take_back
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, numbers, outbox
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import members_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import numbers as people_numbers
from ledger.people.members import describe_members, is_masked_for, load_community, shown_names
from ledger.rewards.donation_models import Donation, DonationState
from ledger.rewards.errors import DonationStands

SOURCE, UNDO = "donation", "donation_undo"
"""The source types of a donation's transfers."""

UNDO_MINUTES = 10
LONGEST = 100


@atomic
def give(actor: Actor, points: int, *, purpose: str = "") -> Donation:
    """So many of the actor's own points are the community pot's, those that expire first before others.

    `purpose` is what they are meant for, in the giver's words. Raises Forbidden, NumberIsNew, InsufficientPoints.
    """
    require(actor, "donate", member_id=actor.member_id)
    assert actor.member_id is not None, "only a member donates"
    people_numbers.require_settled(actor)
    donation_id = new_id()
    donation = Donation(
        community_id=actor.tenant,
        id=donation_id,
        member_id=actor.member_id,
        points=points,
        purpose=purpose,
        state=DonationState.GIVEN,
        receipt_number=numbers.public_number(load_community(actor.tenant).short_code, donation_id),
        given_at=clock.now(),
    )
    donation.transfer_id = _post(actor, donation)
    db.session.add(donation)
    db.session.flush()
    audit.record(actor, "rewards.donate", donation.id, points=points)
    outbox.announce(actor, "donation.given", donation_id=donation.id.hex, points=points)
    return donation


def _post(actor: Actor, donation: Donation) -> UUID:
    words = None
    if donation.purpose:
        words = keep_words(
            actor.tenant, donation.purpose, thing_id=donation.id, field="purpose", owner_id=actor.person_id
        )
    evidence = digest_of(donation=donation.id, member=donation.member_id, points=donation.points, purpose=words)
    draft = Draft(
        code=Code.DONATE,
        debit=wallet_of(donation.member_id),
        credit=pot_of(actor.tenant),
        amount=donation.points,
        source=Source(SOURCE, donation.id, evidence),
    )
    return post_transfers(actor, [draft])[0]


def undoable_since() -> timedelta:
    """So long a donation can be taken back, and is not used."""
    return timedelta(minutes=UNDO_MINUTES)


@atomic
def undo(actor: Actor, donation_id: UUID) -> Donation:
    """The points are the giver's again, each with the date it had; by the giver, within ten minutes.

    Raises NotFound, Forbidden, WrongState (undone), DonationStands.
    """
    donation = load(actor.tenant, Donation, donation_id, lock=True)
    require(actor, "donate", member_id=donation.member_id)
    if donation.state != DonationState.GIVEN:
        raise WrongState(state=donation.state)
    if clock.now() - donation.given_at > undoable_since():
        raise DonationStands
    evidence = digest_of(donation=donation.id, undone_by=actor.person_id)
    take_back(actor, [Taking(donation.transfer_id, None, Source(UNDO, donation.id, evidence))])
    donation.state, donation.undone_at = DonationState.UNDONE, clock.now()
    db.session.flush()
    audit.record(actor, "rewards.undo_donation", donation.id, points=donation.points)
    outbox.announce(actor, "donation.undone", donation_id=donation.id.hex, points=donation.points)
    return donation


class DonationView(NamedTuple):
    """A donation, its giver's name as the actor may read it, and the purpose (empty for whoever reads masked names)."""

    donation: Donation
    member_name: str
    purpose: str

    @property
    def may_be_undone(self) -> bool:
        is_young = clock.now() - self.donation.given_at <= undoable_since()
        return is_young and self.donation.state == DonationState.GIVEN


def list_donations(
    actor: Actor, *, mine: bool = False, after: UUID | None = None, limit: int = 50
) -> list[DonationView]:
    """Donations that the actor may see, newest first: a member's own, all for the staff. Raises Forbidden."""
    scopes = reach(actor, "see_donations")
    if not scopes:
        raise Forbidden
    query = scoped(actor.tenant, Donation).order_by(Donation.id.desc()).limit(limit)
    if mine or not reaches_all(scopes):
        query = query.where(Donation.member_id.in_(members_reached(actor, scopes)))
    if after is not None:
        query = query.where(Donation.id < after)
    return _named(actor, list(db.session.scalars(query)))


def see_donation(actor: Actor, donation_id: UUID) -> DonationView:
    """One donation with its receipt: NotFound, Forbidden."""
    donation = load(actor.tenant, Donation, donation_id)
    require(actor, "see_donations", member_id=donation.member_id)
    return _named(actor, [donation])[0]


def _named(actor: Actor, found: list[Donation]) -> list[DonationView]:
    people = describe_members(actor.tenant, {one.member_id for one in found})
    names = shown_names(actor, people.values())
    hidden = is_masked_for(actor)
    return [DonationView(one, names[one.member_id], "" if hidden else one.purpose) for one in found]


def still_undoable(community_id: UUID) -> int:
    """How many points of the pot their givers can still take back."""
    young = within(community_id, Donation), Donation.given_at >= clock.now() - undoable_since()
    query = scoped(community_id, Donation).where(*young, Donation.state == DonationState.GIVEN)
    return int(db.session.scalar(query.with_only_columns(func.coalesce(func.sum(Donation.points), 0))) or 0)
