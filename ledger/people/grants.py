"""Roles and posts over parts of the tree: given, ended, never deleted, never one's own."""

from __future__ import annotations

from uuid import UUID

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, Role, load, scoped
from ledger.people.errors import OwnRole, RoleIsWhole
from ledger.people.models import Member, PlaceUnit, Post, PostKind, RoleGrant, UnitKind

OVER_A_PART = frozenset({Role.COORDINATOR, Role.STAMPER})
"""Roles whose rights end at a part of the tree; the others' reach the whole community, so they are given over it."""


@atomic
def give_role(actor: Actor, member_id: UUID, *, role: Role, unit_id: UUID) -> RoleGrant:
    """The member holds the role over the unit and all below it.

    Raises NotFound (member, unit), Forbidden, RoleIsWhole, OwnRole, AlreadyExists.
    """
    member = load(actor.tenant, Member, member_id)
    unit = load(actor.tenant, PlaceUnit, unit_id)
    require(actor, "give_roles")
    if role not in OVER_A_PART and unit.kind != UnitKind.COMMUNITY:
        raise RoleIsWhole
    if member.person_id == actor.person_id:
        raise OwnRole
    held = scoped(actor.tenant, RoleGrant).where(
        RoleGrant.member_id == member_id,
        RoleGrant.unit_id == unit_id,
        RoleGrant.role == role,
        RoleGrant.until.is_(None),
    )
    if db.session.scalars(held).first():
        raise AlreadyExists
    return record_role(actor, member, role, unit)


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
def end_role(actor: Actor, grant_id: UUID) -> None:
    """The grant is over. Raises NotFound, Forbidden, OwnRole, WrongState (ended before)."""
    grant = load(actor.tenant, RoleGrant, grant_id, lock=True)
    require(actor, "give_roles")
    if load(actor.tenant, Member, grant.member_id).person_id == actor.person_id:
        raise OwnRole
    if grant.until is not None:
        raise WrongState(state="ended")
    grant.until = clock.now()
    db.session.flush()
    audit.record(actor, "people.end_role", grant.id)


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


@atomic
def give_post(actor: Actor, member_id: UUID, *, kind: PostKind, unit_id: UUID) -> Post:
    """The member holds the post on the unit; one person may hold several. Raises NotFound, Forbidden."""
    load(actor.tenant, Member, member_id)
    unit = load(actor.tenant, PlaceUnit, unit_id)
    require(actor, "manage_people", unit_path=unit.path)
    post = Post(
        community_id=actor.tenant,
        id=new_id(),
        member_id=member_id,
        unit_id=unit_id,
        kind=kind,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(post)
    db.session.flush()
    audit.record(actor, "people.give_post", post.id, kind=kind, member_id=member_id.hex)
    return post


def posts_of(community_id: UUID, member_ids: list[UUID]) -> list[Post]:
    """The present posts of these members."""
    query = scoped(community_id, Post).where(Post.member_id.in_(member_ids), Post.until.is_(None))
    return list(db.session.scalars(query.order_by(Post.id)))


def holders_of(community_id: UUID) -> list[tuple[Post, Member]]:
    """Everybody who holds a post now, with the member, in the order of taking it."""
    query = scoped(community_id, Post, Member).where(Member.id == Post.member_id, Post.until.is_(None))
    return list(db.session.execute(query.order_by(Post.id)).tuples())
