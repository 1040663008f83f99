"""Requests to be forgotten: asked by the person, withdrawn until they are done, done or refused within fifteen days.

What is left in the wallet goes to the community's pot; the person may spend it before (ADR 0020).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.balances import debts, member_balance
from ledger.book.codes import Code, Kind, Unit
from ledger.book.drafts import Draft, Source
from ledger.book.models import ReversalState
from ledger.book.transfers import post_transfers
from ledger.core import audit, clock, registry, walls
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, NotFound, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, same_community, scoped, system_actor
from ledger.people.data_models import Erasure, ErasureState, Ground
from ledger.people.errors import ErasureGround, ErasureTooEarly, LastOffice
from ledger.people.exporting import memberships_ever, reversals_about
from ledger.people.leaving import is_last_admin
from ledger.people.life_models import Merge, MergeState
from ledger.people.models import Member
from ledger.people.notices import declare, tell

log = structlog.get_logger()

COOLING_DAYS = 7
DUE_DAYS = 15
SOURCE = "erasure"
UNDECIDED = (MergeState.AWAITING_SECOND, MergeState.AWAITING_UNDO)

REFUSED = declare(
    "people.erasure_refused",
    zh="您的注销申请没有办成。请到“我的数据”里看原因和日期。",
    en='Your request to be erased was refused. Look under "My data" for the reason and the date.',
    by_phone=True,
)


class ErasureView(NamedTuple):
    """A request with the member that it is about in the reader's community."""

    erasure: Erasure
    member: Member


# --- the person's own steps -------------------------------------------------------------------------------------


@walls.above()
@atomic
def ask_erasure(actor: Actor) -> Erasure:
    """The person will be forgotten: they may withdraw for seven days and until it is done, by the fifteenth.

    Raises AlreadyExists (asked before), LastOffice (the only admin of a community).
    """
    if db.session.scalar(select(Erasure.id).where(_mine(actor), Erasure.state == ErasureState.ASKED)):
        raise AlreadyExists
    if any(is_last_admin(member) for member in _memberships(actor.person_id)):
        raise LastOffice
    now = clock.now()
    erasure = Erasure(
        id=new_id(),
        person_id=actor.person_id,
        state=ErasureState.ASKED,
        points=0,
        asked_at=now,
        erasable_at=now + timedelta(days=COOLING_DAYS),
        due_at=now + timedelta(days=DUE_DAYS),
    )
    db.session.add(erasure)
    db.session.flush()
    audit.record(actor, "people.ask_erasure", erasure.id)
    return erasure


@atomic
def withdraw_erasure(actor: Actor, erasure_id: UUID) -> Erasure:
    """The person stays. Raises NotFound (anybody else's), WrongState."""
    erasure = db.session.scalar(select(Erasure).where(_mine(actor), Erasure.id == erasure_id).with_for_update())
    if erasure is None:
        raise NotFound
    _decide(erasure, ErasureState.WITHDRAWN, by=actor.person_id)
    audit.record(actor, "people.withdraw_erasure", erasure.id)
    return erasure


def my_erasures(actor: Actor) -> list[Erasure]:
    """What the person asked, newest first."""
    return list(db.session.scalars(select(Erasure).where(_mine(actor)).order_by(Erasure.id.desc())))


@walls.above()
def points_left(person_id: UUID) -> int:
    """What would go to the pots, over all communities."""
    found = _memberships(person_id)
    return sum(max(member_balance(one.community_id, one.id).available, 0) for one in found)


def _mine(actor: Actor) -> ColumnElement[bool]:
    return Erasure.person_id.in_({actor.person_id, *actor.formerly})


# --- staff ------------------------------------------------------------------------------------------------------


def list_erasures(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[ErasureView]:
    """Requests of members of the community, newest first. Raises Forbidden."""
    require(actor, "manage_people")
    query = scoped(actor.tenant, Member).add_columns(Erasure).where(Erasure.person_id == Member.person_id)
    if after:
        query = query.where(Erasure.id < after)
    rows = db.session.execute(query.order_by(Erasure.id.desc()).limit(limit))
    return [ErasureView(erasure, member) for member, erasure in rows]


def _of_community(actor: Actor, erasure_id: UUID) -> Erasure:
    inside = scoped(actor.tenant, Member.person_id)
    query = select(Erasure).where(Erasure.id == erasure_id, Erasure.person_id.in_(inside)).with_for_update()
    erasure = db.session.scalar(query)
    if erasure is None:
        raise NotFound
    require(actor, "manage_people")
    return erasure


@atomic
def refuse_erasure(actor: Actor, erasure_id: UUID, *, ground: Ground, retained_until: date | None = None) -> Erasure:
    """The person stays, is told why, and until when. `retained_until` names the last day of a statutory retention.

    Raises NotFound, Forbidden, WrongState.
    """
    erasure = _of_community(actor, erasure_id)
    _refuse(erasure, ground, by=actor.person_id, retained_until=retained_until)
    audit.record(actor, "people.refuse_erasure", erasure.id, on_behalf_of=erasure.person_id, ground=ground)
    return erasure


@atomic
def carry_out(actor: Actor, erasure_id: UUID) -> Erasure:
    """The person is forgotten. Raises NotFound, Forbidden, WrongState, ErasureTooEarly, ErasureGround."""
    erasure = _of_community(actor, erasure_id)
    if erasure.state == ErasureState.ASKED and clock.now() < erasure.erasable_at:
        raise ErasureTooEarly(day=clock.local_day(erasure.erasable_at).isoformat())
    ground = ground_against(erasure.person_id)
    if ground is not None:
        raise ErasureGround(ground=ground.value)
    _erase(erasure, by=actor.person_id)
    return erasure


@walls.above()
def _refuse(erasure: Erasure, ground: Ground, *, by: UUID, retained_until: date | None = None) -> None:
    erasure.ground = ground
    erasure.retained_until = retained_until if ground is Ground.STATUTORY_RETENTION else None
    _decide(erasure, ErasureState.REFUSED, by=by)
    for member in _memberships(erasure.person_id):
        tell(member.community_id, erasure.person_id, REFUSED)
        return


def _decide(erasure: Erasure, state: ErasureState, *, by: UUID) -> None:
    if erasure.state != ErasureState.ASKED:
        raise WrongState(state=erasure.state)
    erasure.state, erasure.decided_at, erasure.decided_by = state, clock.now(), by
    db.session.flush()


# --- what stands against it, and doing it -----------------------------------------------------------------------


@walls.above()
def persons_of(person_id: UUID) -> list[UUID]:
    """The person under every account that was merged with theirs."""
    other, mine = aliased(Member), aliased(Member)
    merged = select(other.person_id).where(
        same_community(other, mine),
        mine.person_id == person_id,
        or_(
            other.merged_into == mine.id,
            other.id == mine.merged_into,
            other.merged_into == mine.merged_into,
        ),
    )
    return sorted({person_id, *db.session.scalars(merged)})


def _memberships(person_id: UUID) -> list[Member]:
    return [member for one in persons_of(person_id) for member in memberships_ever(one)]


@walls.above()
def ground_against(person_id: UUID) -> Ground | None:
    """The legal reason that stands against erasing the person now, as far as the books know one."""
    found = _memberships(person_id)
    if any(debts(member.community_id, [member.id]) for member in found):
        return Ground.UNSETTLED_DEBT
    if any(_is_disputed(member) for member in found):
        return Ground.OPEN_DISPUTE
    return None


def _is_disputed(member: Member) -> bool:
    asked = (one.state for one in db.session.scalars(reversals_about(member)))
    merges = scoped(member.community_id, Merge.id).where(
        or_(Merge.from_id == member.id, Merge.into_id == member.id), Merge.state.in_(UNDECIDED)
    )
    return ReversalState.AWAITING_SECOND in asked or db.session.scalar(merges) is not None


@walls.above()
def _erase(erasure: Erasure, *, by: UUID) -> None:
    _decide(erasure, ErasureState.DONE, by=by)
    found = _memberships(erasure.person_id)
    for member in found:  # What they have paid for and not used comes back first.
        for leaves in registry.members_left:
            leaves(member.community_id, member.id)
    erasure.points = sum(_give_to_the_pot(erasure, member) for member in found)
    persons = persons_of(erasure.person_id)
    for person_id in persons:
        for erase in registry.erasers.values():
            erase(person_id)
    db.session.flush()
    for community_id in sorted({member.community_id for one in persons for member in memberships_ever(one)}):
        hand = Actor(person_id=by, community_id=community_id)
        audit.record(hand, "people.erase_person", erasure.id, on_behalf_of=erasure.person_id, points=erasure.points)


def _give_to_the_pot(erasure: Erasure, member: Member) -> int:
    points = member_balance(member.community_id, member.id).available
    if points <= 0:
        return 0
    pot = AccountKey(Kind.POT, Unit.POINTS, member.community_id)
    draft = Draft(
        code=Code.DONATE,
        debit=wallet_of(member.id),
        credit=pot,
        amount=points,
        source=Source(SOURCE, member.id, digest_of(erasure=erasure.id, member=member.id, points=points)),
        on_behalf_of=erasure.person_id,
    )
    post_transfers(system_actor(member.community_id), [draft])
    return points


@registry.job("carry_out_erasures", period=lambda moment: f"{moment:%Y-%m-%d}", in_steps=True)
def carry_out_due(_community_id: UUID, _day: str) -> None:
    """Every day: who asked seven days ago is forgotten, unless a ground stands on the last day before it is due."""
    for erasure_id in list(_due()):
        _carry_out_one(erasure_id)


def _due() -> Iterator[UUID]:
    asked = select(Erasure.id).where(Erasure.state == ErasureState.ASKED, Erasure.erasable_at <= clock.now())
    yield from db.session.scalars(asked.order_by(Erasure.id))


@walls.above()
@atomic
def _carry_out_one(erasure_id: UUID) -> None:
    """Done; or, with a ground against it, left to settle itself until the day before it is due, then refused."""
    erasure = db.session.get(Erasure, erasure_id, with_for_update=True, populate_existing=True)
    if erasure is None or erasure.state != ErasureState.ASKED:
        return
    found = _memberships(erasure.person_id)
    if any(member_balance(one.community_id, one.id).held for one in found):
        return  # A redemption is being confirmed just now; tomorrow it is decided.
    ground = ground_against(erasure.person_id)
    if ground is None:
        _erase(erasure, by=NOBODY)
    elif clock.now() >= erasure.due_at - timedelta(days=1):
        _refuse(erasure, ground, by=NOBODY)
        for member in found[:1]:
            hand = system_actor(member.community_id)
            audit.record(hand, "people.refuse_erasure", erasure.id, on_behalf_of=erasure.person_id, ground=ground)
