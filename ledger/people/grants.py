"""Roles and posts over parts of the tree: given, ended, never deleted, never one's own."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.people import members, phones
from ledger.people.errors import OwnRole, RoleIsWhole
from ledger.people.members import visible_part
from ledger.people.models import Member, MemberState, PlaceUnit, Post, PostKind, RoleGrant, UnitKind
from ledger.people.notices import declare, tell
from ledger.people.units import hold_unit, require_live

ROLE_GIVEN = declare(
    "people.role_given",
    zh="社区给了您新的工作权限，到“今日”就能看到要办的事。",
    en='The community gave you a new role; your work stands under "Today".',
)
ROLE_ENDED = declare("people.role_ended", zh="您的一项工作权限已结束。", en="One of your roles has ended.")
POST_GIVEN = declare("people.post_given", zh="社区请您担任一项新的职务。", en="You hold a new post in the community.")
POST_ENDED = declare("people.post_ended", zh="您的一项职务已结束。", en="One of your posts has ended.")

OVER_A_PART = frozenset({Role.COORDINATOR, Role.STAMPER})
"""Roles whose rights end at a part of the tree; the others' reach the whole community, so they are given over it."""


@atomic
def give_role(actor: Actor, member_id: UUID, *, role: Role, unit_id: UUID) -> RoleGrant:
    """The member holds the role over the unit and all below it.

    Raises NotFound (member, unit), Forbidden, UnitEnded, RoleIsWhole, OwnRole, WrongState (a
    member who left), AlreadyExists.
    """
    member = _held(actor, member_id)
    unit = hold_unit(actor.tenant, unit_id)
    require(actor, "give_roles")
    require_live(unit)
    if role not in OVER_A_PART and unit.kind != UnitKind.COMMUNITY:
        raise RoleIsWhole
    if member.person_id == actor.person_id:
        raise OwnRole
    if member.state != MemberState.ACTIVE:
        raise WrongState(state=member.state)
    held = scoped(actor.tenant, RoleGrant).where(
        RoleGrant.member_id == member.id,
        RoleGrant.unit_id == unit_id,
        RoleGrant.role == role,
        RoleGrant.until.is_(None),
    )
    if db.session.scalars(held).first():
        raise AlreadyExists
    tell(actor.tenant, member.person_id, ROLE_GIVEN, by=actor.person_id.hex)
    return record_role(actor, member, role, unit)


def _held(actor: Actor, member_id: UUID) -> Member:
    """The member that this id stands for, locked: two givers of the same thing come one after the other. NotFound."""
    return load(actor.tenant, Member, members.load_member(actor.tenant, member_id).id, lock=True)


def record_role(actor: Actor, member: Member, role: Role, unit: PlaceUnit) -> RoleGrant:
    """Write the grant; the opening of a community gives the first ones with it."""
    grant = RoleGrant(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member.id,
        unit_id=unit.id,
        role=role,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(grant)
    db.session.flush()
    audit.record(actor, "people.give_role", grant.id, role=role, member_id=member.id.hex)
    outbox.announce(actor, "role.given", grant_id=grant.id.hex, member_id=member.id.hex)
    return grant


@atomic
def invite_staff(actor: Actor, name: str, *, phone: str, role: Role, unit_id: UUID) -> RoleGrant:
    """Whoever signs in with this number, now or later, holds the role; a person not known here becomes a member.

    The name is for a new member only. Raises NotFound (unit), Forbidden, then as `give_role`.
    """
    hold_unit(actor.tenant, unit_id)
    require(actor, "give_roles")
    person_id = phones.person_with(phone)
    member = members.member_of(actor.tenant, person_id) if person_id else None
    if member is None:
        member = members.add_member(actor, name, phone=phone)
    return give_role(actor, member.id, role=role, unit_id=unit_id)


@atomic
def end_role(actor: Actor, grant_id: UUID) -> None:
    """The grant is over. Raises NotFound, Forbidden, OwnRole, WrongState (ended before)."""
    grant = load(actor.tenant, RoleGrant, grant_id, lock=True)
    require(actor, "give_roles")
    person_id = load(actor.tenant, Member, grant.member_id).person_id
    if actor.is_person(person_id):
        raise OwnRole
    if grant.until is not None:
        raise WrongState(state="ended")
    grant.until = clock.now()
    db.session.flush()
    tell(actor.tenant, person_id, ROLE_ENDED, by=actor.person_id.hex)
    audit.record(actor, "people.end_role", grant.id, role=grant.role, member_id=grant.member_id.hex)
    outbox.announce(actor, "role.ended", grant_id=grant.id.hex, member_id=grant.member_id.hex)


def roles_of(
    actor: Actor, member_id: UUID | None = None, *, after: UUID | None = None, limit: int | None = None
) -> list[tuple[RoleGrant, Member, PlaceUnit]]:
    """Who holds and held what, newest first; `limit` None is all of it. Raises Forbidden."""
    require_any(actor, "see_roles")
    query = scoped(actor.tenant, RoleGrant, Member, PlaceUnit).where(
        Member.id == RoleGrant.member_id, PlaceUnit.id == RoleGrant.unit_id
    )
    if member_id:
        query = query.where(RoleGrant.member_id == member_id)
    if after:
        query = query.where(RoleGrant.id < after)
    return list(db.session.execute(query.order_by(RoleGrant.id.desc()).limit(limit)).tuples())


def people_with(community_id: UUID, roles: Collection[Role]) -> list[UUID]:
    """The persons who hold one of these roles in the community now, each once."""
    query = scoped(community_id, Member.person_id).where(
        within(community_id, RoleGrant),
        RoleGrant.member_id == Member.id,
        RoleGrant.role.in_(roles),
        RoleGrant.until.is_(None),
        Member.state == MemberState.ACTIVE,
    )
    return sorted(set(db.session.scalars(query)))


@atomic
def give_post(actor: Actor, member_id: UUID, *, kind: PostKind, unit_id: UUID) -> Post:
    """The member holds the post on the unit; one person may hold several.

    The branch secretary's post carries rights, so nobody gives it to themself. Raises NotFound (member, unit),
    Forbidden, UnitEnded, OwnRole, WrongState (a member who left), AlreadyExists.
    """
    member = _held(actor, member_id)
    unit = hold_unit(actor.tenant, unit_id)
    require(actor, "manage_people", unit_path=unit.path)
    require_live(unit)
    _refuse_own(actor, member, kind)
    if member.state != MemberState.ACTIVE:
        raise WrongState(state=member.state)
    held = scoped(actor.tenant, Post.id).where(
        Post.member_id == member.id, Post.unit_id == unit_id, Post.kind == kind, Post.until.is_(None)
    )
    if db.session.scalars(held).first():
        raise AlreadyExists
    post = Post(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member.id,
        unit_id=unit_id,
        kind=kind,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(post)
    db.session.flush()
    tell(actor.tenant, member.person_id, POST_GIVEN, by=actor.person_id.hex)
    audit.record(actor, "people.give_post", post.id, kind=kind, member_id=member.id.hex)
    outbox.announce(actor, "post.given", post_id=post.id.hex, member_id=member.id.hex)
    return post


def _refuse_own(actor: Actor, member: Member, kind: PostKind | str) -> None:
    if kind == PostKind.BRANCH_SECRETARY and member.person_id == actor.person_id:
        raise OwnRole


@atomic
def end_post(actor: Actor, post_id: UUID) -> Post:
    """The post is over; it stays in the history. Raises NotFound, Forbidden, OwnRole, WrongState (ended before)."""
    post = load(actor.tenant, Post, post_id, lock=True)
    require(actor, "manage_people", unit_path=load(actor.tenant, PlaceUnit, post.unit_id).path)
    holder = load(actor.tenant, Member, post.member_id)
    _refuse_own(actor, holder, post.kind)
    if post.until is not None:
        raise WrongState(state="ended")
    post.until = clock.now()
    db.session.flush()
    tell(actor.tenant, holder.person_id, POST_ENDED, by=actor.person_id.hex)
    audit.record(actor, "people.end_post", post.id)
    outbox.announce(actor, "post.ended", post_id=post.id.hex, member_id=post.member_id.hex)
    return post


def list_posts(
    actor: Actor,
    *,
    member_id: UUID | None = None,
    unit_id: UUID | None = None,
    now_only: bool = False,
    after: UUID | None = None,
    limit: int | None = None,
) -> list[tuple[Post, Member, PlaceUnit]]:
    """Who holds and held which post where, newest first, in the actor's part; `limit` None is all of it.

    `unit_id` is the unit itself, without what is below it. Raises Forbidden.
    """
    query = scoped(actor.tenant, Post, Member, PlaceUnit).where(
        Member.id == Post.member_id, PlaceUnit.id == Post.unit_id, visible_part(actor, "see_members")
    )
    if member_id:
        query = query.where(Post.member_id == member_id)
    if unit_id:
        query = query.where(Post.unit_id == unit_id)
    if now_only:
        query = query.where(Post.until.is_(None))
    if after:
        query = query.where(Post.id < after)
    return list(db.session.execute(query.order_by(Post.id.desc()).limit(limit)).tuples())


def posts_of(community_id: UUID, member_ids: list[UUID]) -> list[Post]:
    """The present posts of these members."""
    query = scoped(community_id, Post).where(Post.member_id.in_(member_ids), Post.until.is_(None))
    return list(db.session.scalars(query.order_by(Post.id)))


def holders_of(community_id: UUID) -> list[tuple[Post, Member]]:
    """Everybody who holds a post now, with the member, in the order of taking it."""
    query = scoped(community_id, Post, Member).where(Member.id == Post.member_id, Post.until.is_(None))
    return list(db.session.execute(query.order_by(Post.id)).tuples())
