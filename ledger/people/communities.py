"""Opening a community: the tenant, its root unit, its accounts, and two staff accounts from the first day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from pypinyin import Style, lazy_pinyin
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from ledger.book.accounts import accounts_of_community, accounts_of_member, open_accounts
from ledger.core import audit, clock, outbox, walls
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, Role, same_community
from ledger.people import grants, phones, second_factor
from ledger.people.members import load_community, sort_key
from ledger.people.models import (
    Community,
    CounterStaff,
    Member,
    MemberState,
    Oversight,
    OversightGrant,
    PlaceUnit,
    Street,
    UnitKind,
)
from ledger.people.telephones import normalise_telephone


class Staff(NamedTuple):
    """One of the first two staff accounts of a community."""

    name: str
    phone: str
    roles: tuple[Role, ...]


FIRST_ROLES = ((Role.ADMIN, Role.STAMPER), (Role.TREASURER, Role.ADMIN))
"""What the two people who open a community hold: enough for four eyes on everything."""


@atomic
def open_community(
    actor: Actor,
    name: str,
    *,
    staff: Sequence[Staff],
    street_id: UUID | None = None,
    short_code: str | None = None,
    is_demo: bool = False,
) -> Community:
    """The community exists with its root unit, accounts and staff. `short_code` None: from the name's pinyin.

    Only an operator of the platform may; the clock's own hand (demo data) counts as one. Raises Forbidden.
    """
    if not is_operator(actor):
        raise Forbidden
    community = Community(
        id=new_id(),
        street_id=street_id,
        name=name,
        short_code=_free_short_code(short_code or _initials(name)),
        is_demo=is_demo,
        created_at=clock.now(),
    )
    db.session.add(community)
    db.session.flush()
    with walls.inside(community.id):
        _furnish(Actor(person_id=actor.person_id, community_id=community.id), name, staff)
    return community


def _furnish(actor: Actor, name: str, staff: Sequence[Staff]) -> None:
    root = PlaceUnit(
        community_id=actor.tenant,
        id=new_id(),
        kind=UnitKind.COMMUNITY,
        name=name,
        path="1.",
        created_at=clock.now(),
    )
    db.session.add(root)
    db.session.flush()
    open_accounts(actor.tenant, accounts_of_community(actor.tenant))
    for person in staff:
        _appoint(actor, person, root)
    audit.record(actor, "people.open_community", actor.tenant)


def _appoint(actor: Actor, person: Staff, root: PlaceUnit) -> None:
    member = Member(
        community_id=actor.tenant,
        id=new_id(),
        person_id=phones.person_with(person.phone) or phones.add_person(person.phone),
        name=person.name,
        sort_key=sort_key(person.name),
        unit_id=root.id,
        state=MemberState.ACTIVE,
        joined_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(member)
    db.session.flush()
    open_accounts(actor.tenant, accounts_of_member(member.id))
    for role in person.roles:
        grants.record_role(actor, member, role, root)


def _initials(name: str) -> str:
    letters = "".join(lazy_pinyin(name.removesuffix("社区"), style=Style.FIRST_LETTER)).upper()
    return "".join(letter for letter in letters if "A" <= letter <= "Z")[:4].ljust(2, "X")


def _free_short_code(wanted: str) -> str:
    taken = set(db.session.scalars(select(Community.short_code).where(Community.short_code.startswith(wanted))))
    number = 1
    code = wanted
    while code in taken:
        number += 1
        code = f"{wanted}{number}"
    return code


def is_operator(actor: Actor) -> bool:
    """Is the actor an operator of the platform (with a second factor where it is required), or the clock's own hand?"""
    if actor.person_id == NOBODY:
        return True
    if not second_factor.is_enough(actor, Role.OPERATOR):
        return False
    query = select(OversightGrant.id).where(
        OversightGrant.person_id == actor.person_id,
        OversightGrant.role == Oversight.OPERATOR,
        OversightGrant.until.is_(None),
    )
    return db.session.scalar(query) is not None


@atomic
def open_street(actor: Actor, name: str) -> Street:
    """The street office exists, above communities that name it. Raises Forbidden."""
    if not is_operator(actor):
        raise Forbidden
    street = Street(id=new_id(), name=name, created_at=clock.now())
    db.session.add(street)
    db.session.flush()
    return street


@atomic
def give_oversight(actor: Actor, person_id: UUID, *, role: Oversight, street_id: UUID | None = None) -> None:
    """The person oversees the street's communities, or operates the platform. Raises Forbidden."""
    if not is_operator(actor):
        raise Forbidden
    grant = OversightGrant(id=new_id(), person_id=person_id, role=role, street_id=street_id, since=clock.now())
    db.session.add(grant)
    db.session.flush()
    audit.record(actor, "people.give_oversight", grant.id, role=role)


@atomic
def set_telephone(actor: Actor, telephone: str | None) -> Community:
    """The community's people are shown this number, as `normalise_telephone` writes it, where they may be stuck.

    None: no number any more. Raises Forbidden, NotATelephone.
    """
    require(actor, "manage_community")
    community = load_community(actor.tenant)
    community.telephone = None if telephone is None else normalise_telephone(telephone)
    db.session.flush()
    # It may be somebody's own mobile: what is kept for ever knows its end, as it knows of any other phone.
    audit.record(actor, "people.set_telephone", community.id, ends_in=(community.telephone or "")[-4:])
    outbox.announce(actor, "community.changed")
    return community


def with_short_code(short_code: str) -> Community | None:
    """The community that a public code starts with."""
    return db.session.scalar(select(Community).where(Community.short_code == short_code))


MOST_FOUND = 20
"""Communities that a search answers with; who finds theirs not among them types more of its name."""


def find_communities(typed: str) -> list[Community]:
    """Communities by the start of their name or by their short code, in the order of their names; at most twenty.

    Their names are public: each has a notice board.
    """
    if not typed.strip():
        return []
    named = Community.name.startswith(typed.strip(), autoescape=True)
    query = select(Community).where(or_(named, Community.short_code == typed.strip().upper()))
    return list(db.session.scalars(query.order_by(Community.name, Community.id).limit(MOST_FOUND)))


def all_ids() -> list[UUID]:
    """Every community, for the clock's work."""
    return list(db.session.scalars(select(Community.id).order_by(Community.id)))


def communities_of(person_id: UUID) -> list[Community]:
    """Where the person is a member, stands behind a counter or oversees a street, in that order, each once."""
    found = memberships_of(person_id)
    ids = [one.id for _, one in found.members] + [one.community_id for one in found.counters]
    streets = [one.street_id for one in found.oversight if one.street_id]
    overseen = select(Community.id).where(Community.street_id.in_(streets)).order_by(Community.name, Community.id)
    ids += db.session.scalars(overseen).all() if streets else ()
    return [load_community(community_id) for community_id in dict.fromkeys(ids)]


class Memberships(NamedTuple):
    """Where a person belongs: memberships, counters and oversight, as GET /me shows them."""

    members: list[tuple[Member, Community]]
    counters: list[CounterStaff]
    oversight: list[OversightGrant]


@walls.above()
def memberships_of(person_id: UUID) -> Memberships:
    """Everything the person belongs to, over all communities: the one question asked across tenants, by the person."""
    alias = aliased(Member)
    members = select(Member, Community).where(
        Member.community_id.in_(select(Community.id)),
        Community.id == Member.community_id,
        or_(
            Member.person_id == person_id,
            select(alias.id)
            .where(same_community(alias, Member), alias.merged_into == Member.id, alias.person_id == person_id)
            .exists(),
        ),
        Member.state == MemberState.ACTIVE,
    )
    counters = select(CounterStaff).where(CounterStaff.person_id == person_id, CounterStaff.until.is_(None))
    oversight = select(OversightGrant).where(OversightGrant.person_id == person_id, OversightGrant.until.is_(None))
    return Memberships(
        members=[(member, community) for member, community in db.session.execute(members.order_by(Member.id))],
        counters=list(db.session.scalars(counters.order_by(CounterStaff.id))),
        oversight=list(db.session.scalars(oversight)),
    )
