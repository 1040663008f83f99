"""A member died: recorded by one of the staff, confirmed by another. The wallet waits for a relative, then the pot.

Nothing is told to the dead. See docs/adr/0017.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ledger.book import merging
from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.cohorts import read_purses
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import may, require
from ledger.core.second_person import (
    count_if_stood_in,
    let_second_person_first,
    require_another,
    require_second,
    waiting_step,
)
from ledger.core.tenancy import Actor, load, scoped, system_actor
from ledger.people import communities, leaving, numbers, sessions
from ledger.people.errors import SameMember
from ledger.people.life_models import Death, DeathState
from ledger.people.members import load_member
from ledger.people.models import LeftReason, Member, MemberState

ASK, SECOND, SEE = "merge", "second_merge", "see_merges"
"""The rights over an account: who may ask for a merge may record a death, and the second person is the same."""

HEIRS_DAYS = 90


@atomic
def record_death(actor: Actor, member_id: UUID, *, died_on: date, heir_id: UUID | None = None) -> Death:
    """The death waits for a second person's confirmation; nothing has changed yet.

    `heir_id` is a relative, a member here, who shall receive the flowers. Raises NotFound, Forbidden, WrongState (no
    member any more), SameMember (their own heir), AlreadyExists.
    """
    member = load_member(actor.tenant, member_id)
    heir = load_member(actor.tenant, heir_id) if heir_id else None
    require(actor, ASK)
    if member.state != MemberState.ACTIVE:
        raise WrongState(state=member.left_reason or member.state)
    if heir is not None and heir.id == member.id:
        raise SameMember
    death = Death(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member.id,
        heir_id=heir.id if heir else None,
        state=DeathState.AWAITING_SECOND,
        died_on=died_on,
        note="",
        asked_by=actor.person_id,
        asked_at=clock.now(),
        points=0,
    )
    try:
        with savepoint():
            db.session.add(death)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    _tell(actor, death, "record_death", "death.recorded")
    return death


@atomic
def confirm_death(actor: Actor, death_id: UUID) -> Death:
    """The membership has ended, and with it roles, posts, reservations; the wallet is frozen for the heirs.

    If the person belongs to no other community, the number no longer signs in and every session is dead. Raises
    NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent, LastAdmin.
    """
    with waiting_step(actor, Death, death_id, verb=SECOND, state=DeathState.AWAITING_SECOND) as death:
        require_second(actor, SECOND, asked_by=death.asked_by, waiting_since=death.asked_at)
        leaving.end_membership(actor, death.member_id, LeftReason.DECEASED)
        person_id = load(actor.tenant, Member, death.member_id).person_id
        found = communities.memberships_of(person_id)
        if not (found.members or found.counters or found.oversight):
            sessions.revoke_all(person_id)
            numbers.end_number(person_id, actor_id=actor.person_id)
        death.state, death.decided_by, death.decided_at = DeathState.RECORDED, actor.person_id, clock.now()
        death.heirs_until = clock.today() + timedelta(days=HEIRS_DAYS)
    _tell(actor, death, "confirm_death", "death.confirmed")
    return death


@atomic
def refuse_death(actor: Actor, death_id: UUID, *, note: str) -> Death:
    """The second person said no, or who recorded it took it back: nothing has changed.

    Raises NotFound, Forbidden, WrongState, SecondPersonPresent.
    """
    own = actor.is_person(load(actor.tenant, Death, death_id).asked_by)
    with waiting_step(actor, Death, death_id, verb=ASK if own else SECOND, state=DeathState.AWAITING_SECOND) as death:
        if not own:
            let_second_person_first(actor, SECOND, waiting_since=death.asked_at)
        death.state = DeathState.WITHDRAWN if own else DeathState.DECLINED
        death.note, death.decided_by, death.decided_at = note, actor.person_id, clock.now()
    _tell(actor, death, "refuse_death", "death.refused")
    return death


@atomic
def name_heir(actor: Actor, death_id: UUID, heir_id: UUID) -> Death:
    """A relative has come forward: the flowers wait for them. Raises NotFound, Forbidden, WrongState, SameMember."""
    heir = load_member(actor.tenant, heir_id)
    with waiting_step(actor, Death, death_id, verb=ASK, state=DeathState.RECORDED) as death:
        if heir.id == death.member_id:
            raise SameMember
        if actor.is_person(heir.person_id):
            raise Forbidden
        death.heir_id = heir.id
    _tell(actor, death, "name_heir", "death.heir_named")
    return death


@atomic
def hand_to_heir(actor: Actor, death_id: UUID) -> Death:
    """The relative has the flowers, each with its date; by another than who recorded the death, never to oneself.

    Raises NotFound, Forbidden (no heir, or oneself), WrongState, OwnStep.
    """
    with waiting_step(actor, Death, death_id, verb=SECOND, state=DeathState.RECORDED) as death:
        require_another(actor, death.asked_by)
        heir = load_member(actor.tenant, death.heir_id) if death.heir_id else None
        if heir is None or actor.is_person(heir.person_id):
            raise Forbidden
        source = Source("inheritance", death.id, _evidence(death))
        death.points = merging.hand_over_points(actor, death.member_id, heir.id, source=source)
        death.state, death.closed_at = DeathState.CLOSED, clock.now()
    _tell(actor, death, "hand_to_heir", "death.closed")
    return death


def _evidence(death: Death) -> bytes:
    return digest_of(
        death=death.id,
        member=death.member_id,
        heir=death.heir_id,
        asked_by=death.asked_by,
        asked_at=death.asked_at,
        confirmed_by=death.decided_by,
    )


@registry.job("close_deaths", period=lambda moment: clock.local_day(moment).isoformat())
def close_deaths(community_id: UUID, _period: str) -> None:
    """Every day: what no relative has received in time is the community's pot's."""
    clockwork = system_actor(community_id)
    query = scoped(community_id, Death).where(Death.state == DeathState.RECORDED, Death.heirs_until < clock.today())
    for death in db.session.scalars(query.order_by(Death.id).with_for_update()).all():
        wallet = wallet_of(death.member_id)
        purse = read_purses(community_id, [wallet.id_in(community_id)])[wallet.id_in(community_id)]
        death.points = max(0, purse.spendable(clock.today()))
        if death.points:
            draft = Draft(
                code=Code.DONATE,
                debit=wallet,
                credit=AccountKey(Kind.POT, Unit.POINTS, community_id),
                amount=death.points,
                source=Source("inheritance", death.id, _evidence(death)),
            )
            post_transfers(clockwork, [draft])
        death.state, death.closed_at = DeathState.CLOSED, clock.now()
        db.session.flush()
        _tell(clockwork, death, "close_death", "death.closed")


def list_deaths(
    actor: Actor, *, status: DeathState | None = None, before: UUID | None = None, limit: int = 50
) -> list[Death]:
    """The deaths the community knows of, newest first. Raises Forbidden."""
    require(actor, SEE)
    query = scoped(actor.tenant, Death).order_by(Death.id.desc()).limit(limit)
    if status is not None:
        query = query.where(Death.state == status)
    if before is not None:
        query = query.where(Death.id < before)
    return list(db.session.scalars(query))


def see_death(actor: Actor, death_id: UUID) -> Death:
    """One: NotFound, Forbidden."""
    death = load(actor.tenant, Death, death_id)
    require(actor, SEE)
    return death


def may_confirm(actor: Actor, death: Death) -> bool:
    """Is the actor a second person for this death?"""
    return may(actor, SECOND) and not actor.is_person(death.asked_by)


@registry.begun_by
def _begun(community_id: UUID, person_id: UUID) -> list[registry.Work]:
    query = scoped(community_id, Death.id, Death.asked_at).where(
        Death.state == DeathState.AWAITING_SECOND, Death.asked_by == person_id
    )
    return [registry.Work("death", *row) for row in db.session.execute(query)]


def _tell(actor: Actor, death: Death, action: str, event: str) -> None:
    stood_in = count_if_stood_in(actor, SECOND, death.id)
    audit.record(
        actor, f"people.{action}", death.id, stood_in=stood_in, member_id=death.member_id.hex, points=death.points
    )
    outbox.announce(actor, event, death_id=death.id.hex, member_id=death.member_id.hex)
