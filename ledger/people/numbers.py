"""Numbers change, get lost, and are given to somebody else. A number alone never opens a stranger's wallet.

See docs/adr/0016: a number that nobody has signed in with for half a year, or that was reported, asks for a second
proof; who cannot give it is a new person, and the old one keeps the wallet without a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, delete, func, select, union_all, update

from ledger.core import audit, clock, secrets, walls
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, same_community
from ledger.people import card_pins, communities, deliveries, notices, phones, sessions
from ledger.people.errors import PhoneInUse
from ledger.people.life_errors import HoldsOffice, NumberIsNew, OwnNumber, ProofWrong, SecondProofNeeded
from ledger.people.life_models import NumberChange, NumberWay
from ledger.people.members import load_member
from ledger.people.models import CounterStaff, Member, Phone, RoleGrant, Session
from ledger.people.sign_in_models import Identity

UNUSED_DAYS = 183
"""So long without a sign-in, and a number may have been given to somebody else by its carrier."""

MAX_PROOFS = 3
"""So many wrong answers, and the number is somebody else's."""

HELD_HOURS = 72
"""So long nothing is redeemed with a number that the staff has entered instead of a lost one."""

TOLD_LOST = notices.declare(
    "people.number_lost",
    zh="您以前的手机号现在由别人使用，已不能登录您的账户。红花还在，请到社区登记新号码。",
    en="Somebody else has your former number now; it no longer opens your account. Ask the community for help.",
)
TOLD_CHANGED = notices.declare(
    "people.number_changed",
    zh="您登录用的手机号已更换，旧号码不能再登录。不是您办的，请马上联系社区。",
    en="Your number for signing in was changed; the old one is dead. If it was not you, tell the community at once.",
)

CHANGED = "【小红花】您登录用的手机号已更换。不是您本人办的，请马上联系社区。"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is said about whose a doubtful number is: the name by which a community knows them, their paper card with
    its PIN, or "not me"."""

    name: str = ""
    card_code: str = ""
    pin: str = ""
    is_somebody_else: bool = False


def person_signing_in(number: str, proof: Proof | None = None) -> UUID:
    """Whose session opens for a number that has just been proven by its code; a number that nobody has is a new person.

    Raises SecondProofNeeded (no proof given for a doubtful number), ProofWrong (which counts).
    """
    phone = _in_use(number)
    if phone is None:
        return _new_person(number)
    if is_doubtful(phone):
        if proof is None:
            raise SecondProofNeeded
        if proof.is_somebody_else:
            return _give_away(phone, number)
        if not _is_proven(phone.person_id, proof, number):
            left = MAX_PROOFS - (phone.wrong_proofs or 0) - 1
            if left <= 0:
                return _give_away(phone, number)
            raise ProofWrong(tries_left=left, afterwards=lambda: _count_wrong(phone.id))
    _used(phone)
    return phone.person_id


def _in_use(number: str) -> Phone | None:
    query = select(Phone).where(Phone.blind_index == phones.index_of(number), Phone.ended_at.is_(None))
    return db.session.scalar(query.with_for_update().execution_options(populate_existing=True))


def _of_person(person_id: UUID) -> Phone | None:
    query = select(Phone).where(Phone.person_id == person_id, Phone.ended_at.is_(None))
    return db.session.scalar(query.order_by(Phone.created_at.desc()).limit(1).with_for_update())


def _new_person(number: str) -> UUID:
    person_id = phones.add_person(number)
    phone = _of_person(person_id)
    assert phone is not None, "the person was made with it"
    _used(phone)
    return person_id


def _used(phone: Phone) -> None:
    phone.last_used_at, phone.reported_at, phone.wrong_proofs = clock.now(), None, None
    db.session.flush()


def is_doubtful(phone: Phone) -> bool:
    """May the number have another owner now, while its person has something that a stranger must not open?"""
    if phone.reported_at is None and clock.now() - _last_used(phone) < timedelta(days=UNUSED_DAYS):
        return False
    return bool(_names_of(phone.person_id)) or bool(communities.memberships_of(phone.person_id).oversight)


def _last_used(phone: Phone) -> datetime:
    """When the person last signed in, in whatever way; a number counts as used when it was given."""
    newest = db.session.scalar(select(func.max(Session.created_at)).where(Session.person_id == phone.person_id))
    return max(one for one in (newest, phone.last_used_at, phone.created_at) if one is not None)


@walls.above()
def _names_of(person_id: UUID) -> set[str]:
    """What communities call the person, as a member (also one who left) or behind a counter: asked by the person."""
    names = union_all(
        select(Member.name).where(Member.person_id == person_id),
        select(CounterStaff.name).where(CounterStaff.person_id == person_id, CounterStaff.until.is_(None)),
    )
    return {str(name) for name in db.session.scalars(names)}


def _is_proven(person_id: UUID, proof: Proof, number: str) -> bool:
    """By the name, or by the card in the hand and its PIN: the way for whoever is known by no name."""
    if proof.card_code:
        return card_pins.opens_card_of(person_id, proof.card_code, proof.pin)
    return _is_called(person_id, proof.name, number)


def _is_called(person_id: UUID, said: str, number: str) -> bool:
    """Is it a name of the person? A name made of the number's last digits proves nothing: whoever has it knows them."""
    tail = phones.normalise(number)[-4:]
    known = {_plain(name) for name in _names_of(person_id) if tail not in name}
    return bool(_plain(said)) and any(secrets.same(_plain(said).encode(), name.encode()) for name in known)


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def _count_wrong(phone_id: UUID) -> None:
    statement = update(Phone).where(Phone.id == phone_id)
    db.session.execute(statement.values(wrong_proofs=func.coalesce(Phone.wrong_proofs, 0) + 1))


def _give_away(phone: Phone, number: str) -> UUID:
    """The number is a new person's; the old one keeps everything, without a phone, and is told on paper."""
    _end(phone, NumberWay.RECYCLED, actor_id=phone.person_id)
    for member, community in communities.memberships_of(phone.person_id).members:
        with walls.inside(community.id):
            notices.tell(community.id, member.person_id, TOLD_LOST)
    audit.record(Actor(person_id=phone.person_id), "people.number_recycled", phone.id)
    return _new_person(number)


def _end(phone: Phone, way: NumberWay, *, actor_id: UUID) -> None:
    phone.ended_at = clock.now()
    db.session.add(NumberChange(id=new_id(), person_id=phone.person_id, way=way, actor_id=actor_id, at=clock.now()))
    db.session.flush()


# --- changing it -------------------------------------------------------------------------------------------------


def end_number(person_id: UUID, *, actor_id: UUID) -> None:
    """The person has no number any more: whoever signs in with it is somebody new."""
    phone = _of_person(person_id)
    if phone is not None:
        _end(phone, NumberWay.ENDED, actor_id=actor_id)


def free_for(person_id: UUID, number: str) -> None:
    """Nobody uses the number any more: it was the person's, a doubtful one's, or of somebody who belongs nowhere."""
    phone = _in_use(number)
    if phone is None:
        return
    if phone.person_id != person_id and _names_of(phone.person_id) and not is_doubtful(phone):
        raise PhoneInUse
    if phone.person_id != person_id:
        for member, community in communities.memberships_of(phone.person_id).members:
            notices.tell(community.id, member.person_id, TOLD_LOST)
    _end(phone, NumberWay.RECYCLED, actor_id=person_id)


def replace(person_id: UUID, number: str, way: NumberWay, *, actor: Actor, held_until: datetime | None) -> None:
    """The person's only number is this one; both numbers are told, and every community's inbox."""
    old = phones.number_of(person_id)
    before = _of_person(person_id)
    if before is not None:
        _end(before, way, actor_id=actor.person_id)
    phones.add_phone(person_id, number)
    added = _of_person(person_id)
    assert added is not None, "it was just added"
    # A number that the staff entered is proven by its first sign-in; one of one's own by the code.
    added.held_until = held_until
    added.last_used_at = clock.now()
    db.session.flush()
    for one in {old, phones.normalise(number)} - {None}:
        deliveries.queue_message(str(one), CHANGED)
    for member, community in communities.memberships_of(person_id).members:
        with walls.inside(community.id):
            notices.tell(community.id, member.person_id, TOLD_CHANGED)
    audit.record(actor, "people.change_number", added.id, on_behalf_of=actor.acts_for(person_id), way=way)


# --- what the staff does ----------------------------------------------------------------------------------------


@atomic
def replace_number(actor: Actor, member_id: UUID, number: str) -> None:
    """The member, seen in person, has a new number instead of a lost one: every sign-in of the old phone is dead.

    For 72 hours nothing is redeemed with the new one; both numbers are told. Never for oneself, nor for whoever holds
    a role or stands behind a counter anywhere: nobody becomes the second person by a phone call. Raises NotFound,
    Forbidden, OwnNumber, HoldsOffice, PhoneInUse.
    """
    member = load_member(actor.tenant, member_id)
    require(actor, "manage_people")
    if actor.is_person(member.person_id):
        raise OwnNumber
    if _holds_office(member.person_id):
        raise HoldsOffice
    owner = phones.person_with(number)
    if owner is not None and owner != member.person_id:
        raise PhoneInUse
    until = clock.now() + timedelta(hours=HELD_HOURS)
    replace(member.person_id, number, NumberWay.STAFF, actor=actor, held_until=until)
    sessions.revoke_all(member.person_id)
    # Whoever holds the lost phone holds its account at the provider too.
    db.session.execute(delete(Identity).where(Identity.person_id == member.person_id))


@walls.above()
def _holds_office(person_id: UUID) -> bool:
    """Asked by the person over all communities, as their sign-in opens all of them."""
    found = communities.memberships_of(person_id)
    roles = select(RoleGrant.id).where(
        same_community(RoleGrant, Member),
        Member.id == RoleGrant.member_id,
        Member.person_id == person_id,
        RoleGrant.until.is_(None),
    )
    return bool(found.counters or found.oversight) or db.session.scalar(roles.limit(1)) is not None


@atomic
def report_number(actor: Actor, member_id: UUID) -> None:
    """The member's number is said to be somebody else's: the next sign-in asks for a second proof.

    Raises NotFound, Forbidden, WrongState when there is no number.
    """
    _mark(actor, member_id, NumberWay.REPORTED, reported_at=clock.now())


@atomic
def confirm_number(actor: Actor, member_id: UUID) -> None:
    """The staff has seen the member with this number: it is theirs, and no proof is asked.

    Never for oneself. Raises NotFound, Forbidden, OwnNumber.
    """
    _mark(actor, member_id, NumberWay.CONFIRMED, reported_at=None)


def _mark(actor: Actor, member_id: UUID, way: NumberWay, *, reported_at: datetime | None) -> None:
    member = load_member(actor.tenant, member_id)
    require(actor, "manage_people")
    if actor.is_person(member.person_id):
        raise OwnNumber
    phone = _of_person(member.person_id)
    if phone is None:
        raise NotFound
    phone.reported_at, phone.wrong_proofs = reported_at, None
    if way is NumberWay.CONFIRMED:
        phone.last_used_at = clock.now()
    change = NumberChange(id=new_id(), person_id=member.person_id, way=way, actor_id=actor.person_id, at=clock.now())
    db.session.add(change)
    db.session.flush()
    audit.record(actor, f"people.number_{way}", phone.id, on_behalf_of=member.person_id)


# --- who asks ---------------------------------------------------------------------------------------------------


def require_settled(actor: Actor) -> None:
    """NumberIsNew while the actor's number was entered by the staff less than 72 hours ago."""
    refuse_new_number(db.session.scalar(select(new_until(actor))))


def new_until(actor: Actor) -> ScalarSelect[Any]:
    """SQL: until when the actor's number counts as new; NULL for one that is settled."""
    newest = select(func.max(Phone.held_until)).where(
        Phone.person_id.in_(actor.formerly | {actor.person_id}),
        Phone.ended_at.is_(None),
        Phone.held_until > clock.now(),
    )
    return newest.scalar_subquery()


def refuse_new_number(until: datetime | None) -> None:
    """NumberIsNew where the number counts as new until a moment."""
    if until is not None:
        raise NumberIsNew(until=until.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def changes_of(person_id: UUID) -> list[NumberChange]:
    """What happened to the person's numbers, newest first."""
    query = select(NumberChange).where(NumberChange.person_id == person_id).order_by(NumberChange.id.desc())
    return list(db.session.scalars(query))
