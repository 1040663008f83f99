"""Households: people of one home. Nobody stamps their own family."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import exists, update

from ledger.core import audit, clock
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, NotFound
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.people.members import load_member, sort_key
from ledger.people.models import Household, Member

DIGITS = 4
"""As long as a number is made where households are sorted: door 9 comes before door 10."""


class HouseholdOrder(StrEnum):
    """How the households are sorted: what was formed last comes first, or by pinyin and number."""

    NEWEST = "newest"
    NAME = "name"


_ORDERS = {HouseholdOrder.NEWEST: NEWEST, HouseholdOrder.NAME: Order(Household.sort_key)}


@atomic
def form_household(actor: Actor, name: str, *, member_ids: Sequence[UUID]) -> Household:
    """These members are one household from now on, and of no other. Raises Forbidden, NotFound (a member)."""
    require(actor, "manage_people")
    household = Household(
        community_id=actor.tenant, id=new_id(), name=name, sort_key=sort_key_of(name), created_at=clock.now()
    )
    db.session.add(household)
    db.session.flush()
    moved = update(Member).where(within(actor.tenant, Member), Member.id.in_(member_ids))
    if db.session.execute(moved.values(household_id=household.id)).rowcount != len(set(member_ids)):  # type: ignore[attr-defined]
        raise NotFound
    audit.record(actor, "people.form_household", household.id, member_ids=[one.hex for one in member_ids])
    return household


def sort_key_of(name: str) -> str:
    """Orders households by pinyin and number."""
    return sort_key(re.sub("[0-9]+", lambda number: number[0].zfill(DIGITS), name))


@atomic
def rename_household(actor: Actor, household_id: UUID, name: str) -> Household:
    """The household is called otherwise. Raises NotFound, Forbidden."""
    household = load(actor.tenant, Household, household_id, lock=True)
    require(actor, "manage_people")
    household.name, household.sort_key = name, sort_key_of(name)
    db.session.flush()
    audit.record(actor, "people.rename_household", household.id)
    return household


@atomic
def join_household(actor: Actor, household_id: UUID, member_id: UUID) -> Household:
    """The member is of this household, and of no other.

    Raises NotFound (household, member), Forbidden, AlreadyExists.
    """
    household = load(actor.tenant, Household, household_id, lock=True)
    member = load(actor.tenant, Member, load_member(actor.tenant, member_id).id, lock=True)
    require(actor, "manage_people")
    if member.household_id == household.id:
        raise AlreadyExists
    member.household_id = household.id
    db.session.flush()
    audit.record(actor, "people.join_household", household.id, member_id=member.id.hex)
    return household


@atomic
def leave_household(actor: Actor, member_id: UUID, *, household_id: UUID | None = None) -> None:
    """The member belongs to no household. `household_id` is the one that is meant; None: whichever it is.

    Raises NotFound (also when the member is not of that household), Forbidden.
    """
    member = load(actor.tenant, Member, member_id, lock=True)
    require(actor, "manage_people")
    if household_id is not None and member.household_id != household_id:
        raise NotFound
    member.household_id = None
    db.session.flush()
    audit.record(actor, "people.leave_household", member_id)


def households_of(
    community_id: UUID,
    *,
    with_empty: bool = True,
    order: HouseholdOrder = HouseholdOrder.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> dict[Household, list[Member]]:
    """The households with their members."""
    query = rows = scoped(community_id, Household)
    if not with_empty:
        people = exists().where(same_community(Member, Household), Member.household_id == Household.id)
        query = query.where(people)
    query = arrange(query, _ORDERS[order], Household.id, rows=rows, after=after).limit(limit)
    homes = {home.id: home for home in db.session.scalars(query)}
    found: dict[Household, list[Member]] = {home: [] for home in homes.values()}
    inside = scoped(community_id, Member).where(Member.household_id.in_(homes)).order_by(Member.id)
    for member in db.session.scalars(inside):
        found[homes[member.household_id]].append(member)
    return found


def see_household(actor: Actor, household_id: UUID) -> tuple[Household, list[Member]]:
    """One household with its members, by the same rule as the list. Raises NotFound, Forbidden."""
    household = load(actor.tenant, Household, household_id)
    require(actor, "manage_people")
    people = scoped(actor.tenant, Member).where(Member.household_id == household.id).order_by(Member.id)
    return household, list(db.session.scalars(people))
