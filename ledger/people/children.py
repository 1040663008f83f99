"""Children under fourteen: a guardian consents in their place, and no service of theirs is recorded before."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load, scoped
from ledger.people import consents
from ledger.people.consents import Standing
from ledger.people.errors import GuardianRequired, NoChild
from ledger.people.helping_models import HelperLink, HelpState
from ledger.people.members import load_member
from ledger.people.models import Member, Purpose

AGE = 14
"""Below it the law wants a guardian's consent (PIPL, article 31)."""


class Childhood(NamedTuple):
    """Until when the member is a child (None: grown up), whether somebody answers for them, and what was agreed to."""

    until: date | None
    has_guardian: bool
    consents: list[Standing]


def is_child(member: Member) -> bool:
    """Is the member under fourteen today, as far as anybody has said?"""
    return member.child_until is not None and clock.today() < member.child_until


def require_guardian(member: Member) -> None:
    """GuardianRequired when the member is a child for whom nobody has agreed to answer."""
    if is_child(member) and not _guardians(member):
        raise GuardianRequired


def refuse_unfit(member: Member, guardian: Member) -> None:
    """NoChild unless a grown member is to answer for a child."""
    if not is_child(member) or is_child(guardian):
        raise NoChild


def _guardians(member: Member) -> set[UUID]:
    """The members who answer for this one now."""
    query = scoped(member.community_id, HelperLink.helper_id).where(
        HelperLink.member_id == member.id, HelperLink.state == HelpState.LIVE, HelperLink.is_guardian
    )
    return set(db.session.scalars(query))


@atomic
def set_child(actor: Actor, member_id: UUID, until: date | None) -> Member:
    """The member is a child until this day, their fourteenth birthday (after today, within 14 years); None: is none.

    What a child had consented to alone counts no longer. Anybody says so of themself once; what is written is changed
    by staff. Raises NotFound, Forbidden.
    """
    member = load(actor.tenant, Member, load_member(actor.tenant, member_id).id, lock=True)
    if not may(actor, "manage_people"):
        require(actor, "see_own", member_id=member.id)
        if until is None or member.child_until is not None:
            raise Forbidden
    member.child_until = until
    db.session.flush()
    _withdraw_what_was_given_alone(member)
    audit.record(actor, "people.set_child", member.id, on_behalf_of=actor.acts_for(member.person_id))
    outbox.announce(actor, "member.childhood_set", member_id=member.id.hex)
    return member


def _withdraw_what_was_given_alone(member: Member) -> None:
    if is_child(member):
        for purpose in consents.given_alone(member.person_id):
            consents.withdraw(member.person_id, purpose)


def carry_childhood(goes: Member, stays: Member) -> bool:
    """The member that stands for a child is one too; False where nothing had to change. In the present transaction."""
    if not is_child(goes) or is_child(stays):
        return False
    stays.child_until = goes.child_until
    db.session.flush()
    _withdraw_what_was_given_alone(stays)
    return True


def see_childhood(actor: Actor, member_id: UUID) -> Childhood:
    """For the member, their guardian, and whoever manages people. Raises NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    guardians = _guardians(member)
    if actor.member_id not in guardians and not may(actor, "see_own", member_id=member.id):
        require(actor, "manage_people")
    return Childhood(
        until=member.child_until if is_child(member) else None,
        has_guardian=bool(guardians),
        consents=consents.standing(member.person_id),
    )


def may_decide_for(actor: Actor, member: Member) -> bool:
    """Does the actor answer for this child now?"""
    return is_child(member) and actor.member_id in _guardians(member)


@atomic
def decide_for(actor: Actor, member_id: UUID, purpose: Purpose, *, given: bool) -> None:
    """The guardian consents for the child from now on, or no longer. Raises NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    if not may_decide_for(actor, member):
        raise Forbidden
    if given:
        consents.give(member.person_id, [purpose], by=actor.person_id)
    else:
        consents.withdraw(member.person_id, purpose)
    action = "people.give_consent" if given else "people.withdraw_consent"
    audit.record(actor, action, member.id, on_behalf_of=member.person_id, purpose=purpose)
