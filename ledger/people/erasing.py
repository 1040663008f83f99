"""What is left of a person after erasure: ids and figures. No name, number, word or way in.

Transfers, seals and receipts stay as they are: they hold no personal words (ADR 0020). Each room takes away its own
through `registry.erasers`; this module those of core, the books and the people's room.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from ledger.core import clock, commitments, ids, registry
from ledger.core.db import atomic, db
from ledger.core.files import File
from ledger.core.tenancy import within
from ledger.people import units
from ledger.people.cards_models import Card, CardState
from ledger.people.exporting import memberships_ever, reversals_about
from ledger.people.life_models import Death, Merge
from ledger.people.members import sort_key
from ledger.people.models import (
    Consent,
    CounterStaff,
    Delivery,
    Member,
    MemberState,
    Notice,
    OversightGrant,
    Person,
    Phone,
    Post,
    RoleGrant,
    Session,
    SignInCode,
)
from ledger.people.sign_in_models import Authenticator, Identity, Password, RecoveryCode, SignInTry

NAMELESS = "已注销成员"
UNSYNCED = {"synchronize_session": False}


def _run(statement: Any) -> None:
    db.session.execute(statement, execution_options=UNSYNCED)


@atomic
def erase_identity(person_id: UUID) -> None:
    """The person cannot sign in, nothing is consented to, no number is known, no message waits."""
    now = clock.now()
    numbers = select(Phone.blind_index).where(Phone.person_id == person_id)
    _run(delete(SignInCode).where(SignInCode.phone_index.in_(numbers)))
    _run(delete(SignInTry).where(SignInTry.phone_index.in_(numbers)))
    _run(delete(Delivery).where(Delivery.phone_index.in_(numbers)))
    for phone in db.session.scalars(select(Phone).where(Phone.person_id == person_id)):
        # A digest that nothing has: the number may belong to somebody else tomorrow.
        phone.sealed, phone.blind_index, phone.ended_at = b"", ids.random_bytes(32), phone.ended_at or now
    for keys in (Password, Authenticator, RecoveryCode, Identity):
        _run(delete(keys).where(keys.person_id == person_id))
    live = update(Session).where(Session.person_id == person_id)
    _run(live.where(Session.revoked_at.is_(None)).values(revoked_at=now))
    _run(live.values(label=""))
    _run(update(Consent).where(Consent.person_id == person_id, Consent.withdrawn_at.is_(None)).values(withdrawn_at=now))
    for office in (OversightGrant, CounterStaff):
        _run(update(office).where(office.person_id == person_id, office.until.is_(None)).values(until=now))
    _run(update(CounterStaff).where(CounterStaff.person_id == person_id).values(name=NAMELESS))
    _run(delete(Notice).where(Notice.person_id == person_id))
    _run(update(Person).where(Person.id == person_id).values(erased_at=now))
    db.session.flush()


@atomic
def erase_memberships(person_id: UUID) -> None:
    """In every community the member has left, is called by a neutral word, and holds nothing."""
    now = clock.now()
    for member in memberships_ever(person_id):
        if member.state == MemberState.ACTIVE:
            for leaves in registry.members_left:
                leaves(member.community_id, member.id)
        member.name, member.sort_key = NAMELESS, sort_key(NAMELESS)
        member.child_until = None
        member.household_id, member.unit_id = None, units.root_of(member.community_id).id
        member.state, member.left_at = MemberState.LEFT, member.left_at or now
        member.left_reason = member.left_reason or "erased"
        for held in (Post, RoleGrant):
            own = within(member.community_id, held), held.member_id == member.id, held.until.is_(None)
            _run(update(held).where(*own).values(until=now))
        _end_cards(member, now)
        about = within(member.community_id, Merge), or_(Merge.from_id == member.id, Merge.into_id == member.id)
        of_death = within(member.community_id, Death), or_(Death.member_id == member.id, Death.heir_id == member.id)
        _run(update(Death).where(*of_death).values(note=""))
        _run(update(Merge).where(*about).values(reason="", note="", undo_reason=""))
    db.session.flush()


def _end_cards(member: Member, now: datetime) -> None:
    """No card of the member opens anything, and no PIN of theirs is kept."""
    own = update(Card).where(within(member.community_id, Card), Card.member_id == member.id)
    live = own.where(Card.state.in_((CardState.BLANK, CardState.ISSUED)))
    _run(live.values(state=CardState.VOID, ended_at=now))
    _run(own.values(pin_salt=None, pin_hash=None))


@atomic
def erase_reasons(person_id: UUID) -> None:
    """No reason of a reversal speaks of the person: neither the words nor what they were committed to."""
    for member in memberships_ever(person_id):
        for asked in db.session.scalars(reversals_about(member)):
            commitments.erase_words(member.community_id, asked.id)
            asked.reason, asked.note = "", ""
    db.session.flush()


@atomic
def erase_files(person_id: UUID) -> None:
    """The content of files about the person is gone; hash and size stay."""
    own = update(File).where(File.owner_id == person_id, File.content.is_not(None))
    _run(own.values(content=None, erased_at=clock.now()))


registry.erasers |= {
    "reversal reasons": erase_reasons,
    "files": erase_files,
    "memberships": erase_memberships,
    "identity": erase_identity,
}
