"""Members: a person in one community, with a wallet, hours and a place in the tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from pypinyin import lazy_pinyin
from sqlalchemy import Select, func, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import accounts_of_member, open_accounts
from ledger.core import audit, clock, outbox, registry, walls
from ledger.core.db import atomic, begins, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import members_reached, places_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.people import consents, phones, units
from ledger.people.models import Community, CounterStaff, Household, LeftReason, Member, MemberState, PlaceUnit, Purpose

HIDDEN = "＊"
"""Stands for a name that the reader has no consent to see."""


def mask_name(name: str) -> str:
    """The name as others see it: 林秀芳 → 林*芳, 陈刚 → 陈*, Li → L*."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + "*" + name[-1]


def sort_key(name: str) -> str:
    """Orders Chinese names by pinyin on every engine; latin names by their letters."""
    return " ".join(lazy_pinyin(name)).lower()[:200]


@atomic
def add_member(
    actor: Actor, name: str, *, unit_id: UUID | None = None, phone: str | None = None, household_id: UUID | None = None
) -> Member:
    """A person is a member, entered by staff: elders without a phone, or residents who will sign in later.

    `unit_id` None is the community as a whole. A known number joins the person who has it. Raises NotFound,
    Forbidden, UnitEnded, AlreadyExists (the person is a member here).
    """
    unit = units.hold_unit(actor.tenant, unit_id) if unit_id else units.root_of(actor.tenant)
    if household_id:
        load(actor.tenant, Household, household_id)
    require(actor, "manage_people", unit_path=unit.path)
    units.require_live(unit)
    person_id = (phones.person_with(phone) if phone else None) or phones.add_person(phone)
    found = member_of(actor.tenant, person_id)
    if found is not None and found.state == MemberState.ACTIVE:
        raise AlreadyExists
    if found is not None:
        return _come_back(actor, found, unit=unit)
    return _enrol(actor, person_id, name, unit=unit, household_id=household_id)


@atomic
def join_community(actor: Actor, community_id: UUID, *, name: str = "", given: Collection[Purpose] = ()) -> Member:
    """The signed-in person is a volunteer of the community; joining again answers the same member.

    Without a name the member is called by the last four digits of the phone. Raises NotFound, ConsentRequired.
    """
    load_community(community_id)
    consents.give(actor.person_id, given)
    consents.require_service(actor.person_id)
    with walls.inside(community_id):
        found = member_of(community_id, actor.person_id)
        if found is not None:
            return found if found.state == MemberState.ACTIVE else _come_back(actor, found)
        name = name.strip() or f"志愿者{phones.tail_of(actor.person_id) or ''}"
        inside = Actor(person_id=actor.person_id, session_id=actor.session_id, community_id=community_id)
        return _enrol(inside, actor.person_id, name, unit=units.root_of(community_id), household_id=None)


def _come_back(actor: Actor, member: Member, *, unit: PlaceUnit | None = None) -> Member:
    """Who left is the same member again, with wallet and history; roles and posts are given anew. Raises WrongState."""
    if member.left_reason not in (LeftReason.MOVED, LeftReason.LEFT):
        raise WrongState(state=member.left_reason)
    member.state, member.left_at, member.left_reason = MemberState.ACTIVE, None, None
    member.unit_id = unit.id if unit is not None else member.unit_id
    db.session.flush()
    inside = replace(actor, community_id=member.community_id)
    audit.record(inside, "people.come_back", member.id, on_behalf_of=actor.acts_for(member.person_id))
    outbox.announce(inside, "member.came_back", member_id=member.id.hex)
    return member


def _enrol(actor: Actor, person_id: UUID, name: str, *, unit: PlaceUnit, household_id: UUID | None) -> Member:
    member = Member(
        community_id=actor.tenant,
        id=new_id(),
        person_id=person_id,
        name=name,
        sort_key=sort_key(name),
        unit_id=unit.id,
        household_id=household_id,
        state=MemberState.ACTIVE,
        joined_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(member)
    db.session.flush()
    open_accounts(actor.tenant, accounts_of_member(member.id))
    audit.record(actor, "people.join", member.id, on_behalf_of=actor.acts_for(person_id))
    outbox.announce(actor, "member.joined", member_id=member.id.hex)
    return member


def load_community(community_id: UUID) -> Community:
    """The community; NotFound otherwise."""
    community = db.session.get(Community, community_id)
    if community is None:
        raise NotFound
    return community


def member_of(community_id: UUID, person_id: UUID) -> Member | None:
    """The person's membership here, if there is one; a merged one answers the member that stands for it."""
    query = scoped(community_id, Member).where(Member.person_id == person_id)
    found: Member | None = db.session.scalars(query).one_or_none()
    return found if found is None or found.merged_into is None else load(community_id, Member, found.merged_into)


def describe_members(community_id: UUID, ids: Collection[UUID]) -> dict[UUID, Member]:
    """These members by id, in one statement."""
    rows = db.session.scalars(scoped(community_id, Member).where(Member.id.in_(set(ids))))
    return {member.id: member for member in rows}


def name_for_shops(name: str, *, shares: bool) -> str:
    """What a counter reads of a member: the masked name, or only that it is a member where sharing is not agreed to."""
    return mask_name(name) if shares else HIDDEN


def public_names(community_id: UUID, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """What the public reads of these members: the name of whoever agreed to be published, else the masked one."""
    published = consents.consents_to(Member.person_id, Purpose.PUBLICATION)
    query = scoped(community_id, Member.id, Member.name).add_columns(published)
    rows = db.session.execute(query.where(Member.id.in_(set(member_ids)))).tuples()
    return {member_id: name if is_public else mask_name(name) for member_id, name, is_public in rows}


def shown_names(actor: Actor, people: Collection[Member]) -> dict[UUID, str]:
    """The names of these members as the actor may read them, by member id."""
    masked = is_masked_for(actor)
    return {one.id: mask_name(one.name) if masked else one.name for one in people}


def names_of(community_id: UUID, person_ids: Collection[UUID | None]) -> dict[UUID, str]:
    """What these persons are called here, as members or behind a counter, in two statements."""
    ids = {person_id for person_id in person_ids if person_id is not None}
    behind = scoped(community_id, CounterStaff.person_id, CounterStaff.name).where(CounterStaff.person_id.in_(ids))
    inside = scoped(community_id, Member.person_id, Member.name).where(Member.person_id.in_(ids))
    found = [*db.session.execute(behind).tuples(), *db.session.execute(inside).tuples()]
    return dict(found)


class MemberOrder(StrEnum):
    """How a list of members is sorted: who joined last comes first, or by pinyin."""

    NEWEST = "newest"
    NAME = "name"


_ORDERS = {MemberOrder.NEWEST: NEWEST, MemberOrder.NAME: Order(Member.sort_key)}


def list_members(
    actor: Actor,
    *,
    search: str = "",
    unit_id: UUID | None = None,
    order: MemberOrder = MemberOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[tuple[Member, PlaceUnit]]:
    """Members the actor may see, with their units; `search` matches the start of name or pinyin."""
    query = (
        select(Member, PlaceUnit)
        .where(within(actor.tenant, Member, PlaceUnit), PlaceUnit.id == Member.unit_id)
        .where(visible_part(actor, "see_members"), Member.merged_into.is_(None))
        .limit(limit)
    )
    if search:
        query = query.where(_called(search))
    if unit_id:
        path = load(actor.tenant, PlaceUnit, unit_id).path
        query = query.where(begins(PlaceUnit.path, path))
    query = arrange(query, _ORDERS[order], Member.id, rows=scoped(actor.tenant, Member), after=after)
    return [(member, unit) for member, unit in db.session.execute(query)]


def find_members(actor: Actor, search: str, *, limit: int = 50) -> list[Member]:
    """Members by the start of name or pinyin, for whoever reads the community's books. Raises Forbidden."""
    if not reaches_all(reach(actor, "see_books")):
        raise Forbidden
    query = scoped(actor.tenant, Member).where(_called(search)).order_by(Member.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def _called(search: str) -> ColumnElement[bool]:
    typed = search.strip()
    by_key = begins(Member.sort_key, sort_key(typed))
    return or_(begins(Member.name, typed), by_key)


def count_members(actor: Actor) -> int:
    """How many members the actor may see. Raises Forbidden."""
    query = select(func.count()).select_from(Member).join(PlaceUnit, PlaceUnit.id == Member.unit_id)
    query = query.where(
        within(actor.tenant, Member, PlaceUnit), visible_part(actor, "see_members"), Member.state == MemberState.ACTIVE
    )
    return int(db.session.scalar(query) or 0)


def visible_part(actor: Actor, verb: str) -> ColumnElement[bool]:
    """SQL over Member and the PlaceUnit that counts: the part of the rows that the actor's roles reach. Forbidden."""
    scopes = reach(actor, verb)
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Member.id.is_not(None)
    parts: list[ColumnElement[bool]] = [Member.id.in_(members_reached(actor, scopes))]
    return or_(*parts, *places_reached(actor, scopes, PlaceUnit.path))


def see_member(actor: Actor, member_id: UUID) -> tuple[Member, PlaceUnit]:
    """One member with its unit, if the actor may see it: NotFound, Forbidden."""
    member = load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "see_members", member_id=member.id, unit_path=unit.path)
    return member, unit


def is_masked_for(actor: Actor) -> bool:
    """Does the actor see members only by their masked names (street office)?"""
    return actor.has(Role.STREET) and not (reach(actor, "see_members").keys() - {Role.STREET, Role.VOLUNTEER})


def load_member(community_id: UUID, member_id: UUID) -> Member:
    """The member, or the one that stands for a merged one; NotFound for any other community's."""
    member = load(community_id, Member, member_id)
    return member if member.merged_into is None else load(community_id, Member, member.merged_into)


def family_of(community_id: UUID, member_id: UUID) -> Select[Any]:
    """SQL: the ids of the member and of those merged into it, for what was recorded under either."""
    return scoped(community_id, Member.id).where(or_(Member.id == member_id, Member.merged_into == member_id))


def aliases_of(community_id: UUID, member_id: UUID) -> list[UUID]:
    """The members that were merged into this one."""
    return list(db.session.scalars(scoped(community_id, Member.id).where(Member.merged_into == member_id)))


class Standing(NamedTuple):
    """The member as it was recorded, and the one that stands for it now (mostly the same)."""

    recorded: Member
    member: Member

    @property
    def person_ids(self) -> frozenset[UUID]:
        return frozenset((self.recorded.person_id, self.member.person_id))


def standing(community_id: UUID, member_ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Standing]:
    """Who stands for these members now, by the ids asked for; with `lock` none can be merged before the commit."""
    query = scoped(community_id, Member).where(Member.id.in_(set(member_ids))).order_by(Member.id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = list(db.session.scalars(query))
    merged = {one.merged_into for one in found if one.merged_into is not None}
    others = describe_members(community_id, merged) if merged else {}
    return {one.id: Standing(one, others[one.merged_into] if one.merged_into else one) for one in found}


def _owners_now(community_id: UUID, owner_ids: Iterable[UUID], lock: bool) -> dict[UUID, UUID]:
    query = scoped(community_id, Member.id, Member.merged_into).where(Member.id.in_(set(owner_ids)))
    if lock:
        query = query.order_by(Member.id).with_for_update(key_share=True)
    return {was: now for was, now in db.session.execute(query) if now is not None}


registry.owners.append(_owners_now)
