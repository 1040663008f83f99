"""Leaving a community, moving to another, coming back: rights end at once, wallet and history wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from ledger.book.merging import Holding, holding_of
from ledger.core import audit, clock, outbox, registry, walls
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, Role, load, scoped
from ledger.people import children, helping, members, notices, offices, sessions
from ledger.people.errors import OwnRole
from ledger.people.life_errors import LastAdmin
from ledger.people.life_models import Handover
from ledger.people.models import LeftReason, Member, MemberState, Purpose, RoleGrant
from ledger.people.offices import Offices

BY_ONESELF = (LeftReason.LEFT, LeftReason.MOVED)

TOLD_LEFT = notices.declare(
    "people.left",
    zh="您已退出社区。红花 {points} 朵留在钱包里，回来时还在；服务记录都保留。",
    en="You left the community. {points} flowers wait in your wallet for your return; your record is kept.",
)


class Leaving(NamedTuple):
    """What leaving means for a member now: the wallet that waits, and what ends."""

    member: Member
    holding: Holding
    offices: Offices


def preview_leaving(actor: Actor, member_id: UUID) -> Leaving:
    """The wallet stated, and what ends. Stores nothing. Raises NotFound, Forbidden."""
    member = members.load_member(actor.tenant, member_id)
    _require(actor, member)
    return Leaving(member, holding_of(actor.tenant, member.id), offices.offices_of(member))


def _require(actor: Actor, member: Member) -> None:
    """One's own step, or the staff's."""
    if not may(actor, "see_own", member_id=member.id):
        require(actor, "manage_people")


@atomic
def leave(actor: Actor, member_id: UUID, *, reason: LeftReason = LeftReason.LEFT) -> Member:
    """The member is none any more: open reservations, help, roles, posts and the household end; the wallet waits.

    Sign-ins stay for other communities. Coming back (joining again) opens the same member. Raises NotFound, Forbidden,
    WrongState (gone already), LastAdmin.
    """
    assert reason in BY_ONESELF, "the others have verbs of their own"
    member = members.load_member(actor.tenant, member_id)
    _require(actor, member)
    points = holding_of(actor.tenant, member.id).points
    end_membership(actor, member.id, reason)
    notices.tell(actor.tenant, member.person_id, TOLD_LEFT, points=points)
    return load(actor.tenant, Member, member.id)


def end_membership(actor: Actor, member_id: UUID, reason: LeftReason) -> None:
    """What every kind of leaving does. Raises WrongState, LastAdmin."""
    member = load(actor.tenant, Member, member_id, lock=True)
    if member.state != MemberState.ACTIVE:
        raise WrongState(state=member.left_reason or member.state)
    refuse_last_admin(member)
    for end in registry.members_left:
        end(actor.tenant, member.id)
    dead = reason is LeftReason.DECEASED
    helping.end_all(actor, member.id, untold=member.person_id if dead else None)
    offices.end_offices(actor, member, counters=dead)
    member.state, member.left_at, member.left_reason = MemberState.LEFT, clock.now(), reason
    member.household_id = None
    db.session.flush()
    audit.record(actor, "people.leave", member.id, on_behalf_of=actor.acts_for(member.person_id), reason=reason)
    outbox.announce(actor, "member.left", member_id=member.id.hex, reason=reason)


def refuse_last_admin(member: Member) -> None:
    """LastAdmin when nobody else administers the community."""
    if is_last_admin(member):
        raise LastAdmin


def is_last_admin(member: Member) -> bool:
    """Does nobody else administer the community? It stays so until the commit."""
    admins = scoped(member.community_id, RoleGrant).where(RoleGrant.role == Role.ADMIN, RoleGrant.until.is_(None))
    # All are locked in order: of two admins who leave at once, the second sees that the first is gone.
    held = {row.member_id for row in db.session.scalars(admins.order_by(RoleGrant.id).with_for_update())}
    return held == {member.id}


@atomic
def move_to(actor: Actor, community_id: UUID, *, name: str = "", given: Collection[Purpose] = ()) -> Member:
    """The actor has left this community and is a member of the other; flowers do not travel, they wait here.

    A child is one there too: a guardian is named anew. Asked by the person alone. Raises NotFound, Forbidden,
    WrongState, LastAdmin, ConsentRequired.
    """
    require(actor, "see_own", member_id=actor.member_id)
    assert actor.member_id is not None, "only a member's own right reaches here"
    here = load(actor.tenant, Member, actor.member_id)
    members.load_community(community_id)
    if actor.tenant == community_id:
        raise WrongState(state="same_community")
    leave(actor, here.id, reason=LeftReason.MOVED)
    person_id = sessions.person_of(actor)
    outside = Actor(person_id=person_id, session_id=actor.session_id)
    with walls.inside(community_id):
        there = members.join_community(outside, community_id, name=name or here.name, given=given)
        children.carry_childhood(here, there)
    return there


# --- staff ------------------------------------------------------------------------------------------------------


@atomic
def end_staff(actor: Actor, member_id: UUID, *, to_id: UUID | None = None) -> Offices:
    """A colleague has left the staff: every role and post is over, every session and token dead, at once.

    They stay a member. What they had begun is `to_id`'s to see through, or is shown as nobody's. Raises NotFound,
    Forbidden, OwnRole, LastAdmin.
    """
    member = members.load_member(actor.tenant, member_id)
    receiver = members.load_member(actor.tenant, to_id) if to_id else None
    require(actor, "give_roles")
    if actor.is_person(member.person_id):
        raise OwnRole
    load(actor.tenant, Member, member.id, lock=True)
    refuse_last_admin(member)
    ended = offices.end_offices(actor, member, counters=True)
    sessions.revoke_all(member.person_id)
    row = Handover(
        community_id=actor.tenant,
        id=new_id(),
        from_id=member.id,
        to_id=receiver.id if receiver else None,
        actor_id=actor.person_id,
        at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    to = receiver.id.hex if receiver else None
    audit.record(actor, "people.end_staff", member.id, on_behalf_of=member.person_id, to=to, ended=len(ended.rows))
    outbox.announce(actor, "staff.left", member_id=member.id.hex)
    return ended


class Begun(NamedTuple):
    """Work that waits, begun by somebody who is no longer on the staff; `to` is who sees it through, if anybody."""

    work: registry.Work
    to: Member | None


def unowned_work(actor: Actor) -> list[Begun]:
    """What people who have left the staff had begun and nobody has decided. Raises Forbidden."""
    require(actor, "give_roles")
    left = scoped(actor.tenant, Handover).order_by(Handover.id)
    handed = {row.from_id: row.to_id for row in db.session.scalars(left)}
    people = members.describe_members(actor.tenant, handed)
    receivers = members.describe_members(actor.tenant, {one for one in handed.values() if one is not None})
    back = {row.member_id for row in _live_roles(actor.tenant, handed)}
    found = []
    for member in people.values():
        if member.id not in back:
            to = receivers.get(handed[member.id]) if handed[member.id] else None
            works = [work for find in registry.open_work for work in find(actor.tenant, member.person_id)]
            found += [Begun(work, to) for work in works]
    return sorted(found, key=lambda one: (one.work.since, one.work.thing_id))


def _live_roles(community_id: UUID, member_ids: Collection[UUID]) -> list[RoleGrant]:
    query = scoped(community_id, RoleGrant).where(RoleGrant.member_id.in_(member_ids), RoleGrant.until.is_(None))
    return list(db.session.scalars(query))
