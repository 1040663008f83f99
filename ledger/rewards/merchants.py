"""Shops and their branches, and who stands behind the counter. A merchant is global; its people are the community's."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, outbox, secrets, walls
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, Role, load, scoped, within
from ledger.people import phones
from ledger.people.members import sort_key
from ledger.people.models import Community, CounterStaff
from ledger.rewards.errors import BranchRequired, OwnCounter, ShopCodeUnknown
from ledger.rewards.models import Agreement, Branch, Merchant

CODE_LENGTH = 7
"""Characters of a branch's code: public, on a poster, so chance only has to keep codes apart."""


@atomic
def create_merchant(actor: Actor, name: str, *, trade: str) -> Merchant:
    """The shop exists, without branches, people or an agreement yet. Raises Forbidden."""
    require(actor, "draft_agreement")
    merchant = Merchant(
        id=new_id(),
        created_in=actor.tenant,
        name=name,
        sort_key=sort_key(name),
        trade=trade,
        created_at=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(merchant)
    db.session.flush()
    audit.record(actor, "rewards.create_merchant", merchant.id)
    outbox.announce(actor, "merchant.created", merchant_id=merchant.id.hex)
    return merchant


@atomic
def add_branch(actor: Actor, merchant_id: UUID, *, name: str, address: str) -> Branch:
    """The shop has one more counter, with a code for its poster. Raises NotFound, Forbidden."""
    merchant = load_merchant(actor.tenant, merchant_id)
    require(actor, "draft_agreement", merchant_id=merchant.id)
    branch = Branch(
        id=new_id(),
        merchant_id=merchant.id,
        name=name,
        address=address,
        code=secrets.random_code(CODE_LENGTH),
        created_at=clock.now(),
    )
    db.session.add(branch)
    db.session.flush()
    audit.record(actor, "rewards.add_branch", branch.id, merchant_id=merchant.id.hex)
    outbox.announce(actor, "branch.added", branch_id=branch.id.hex)
    return branch


def load_merchant(community_id: UUID, merchant_id: UUID) -> Merchant:
    """The shop, if it joined here or has or had an agreement here; NotFound otherwise."""
    query = select(Merchant).where(Merchant.id == merchant_id, known_to(community_id))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def known_to(tenant: UUID) -> ColumnElement[bool]:
    """SQL: the merchants that this community knows."""
    agreed = scoped(tenant, Agreement.merchant_id)
    return or_(Merchant.created_in == tenant, Merchant.id.in_(agreed))


class MerchantOrder(StrEnum):
    """How a list of shops is sorted: what joined last comes first, or by pinyin."""

    NEWEST = "newest"
    NAME = "name"


_ORDERS = {MerchantOrder.NEWEST: NEWEST, MerchantOrder.NAME: Order(Merchant.sort_key)}


def list_merchants(
    actor: Actor, *, order: MerchantOrder = MerchantOrder.NEWEST, after: UUID | None = None, limit: int = 50
) -> list[Merchant]:
    """The shops of the community: all for everybody who sees offers, for a counter its own too."""
    query = select(Merchant).where(known_to(actor.tenant)).limit(limit)
    if not _sees_all(actor):
        query = query.where(Merchant.id.in_({counter.merchant_id for counter in actor.counters}))
    query = arrange(query, _ORDERS[order], Merchant.id, rows=select(Merchant), after=after)
    return list(db.session.scalars(query))


def _sees_all(actor: Actor) -> bool:
    """Is the actor more than somebody behind a counter?"""
    return actor.member_id is not None or bool(actor.grants)


def see_merchant(actor: Actor, merchant_id: UUID) -> Merchant:
    """One shop of the community: NotFound, Forbidden (another counter's)."""
    merchant = load_merchant(actor.tenant, merchant_id)
    if not _sees_all(actor) and merchant.id not in {counter.merchant_id for counter in actor.counters}:
        raise Forbidden
    return merchant


def list_branches(
    actor: Actor, *, merchant_id: UUID | None = None, after: UUID | None = None, limit: int = 50
) -> list[Branch]:
    """The branches of the shops that the actor sees, newest first."""
    if merchant_id is not None:
        see_merchant(actor, merchant_id)
    seen = select(Merchant.id).where(known_to(actor.tenant))
    query = select(Branch).where(Branch.merchant_id.in_(seen)).order_by(Branch.id.desc()).limit(limit)
    if merchant_id is not None:
        query = query.where(Branch.merchant_id == merchant_id)
    if not _sees_all(actor):
        query = query.where(Branch.merchant_id.in_({counter.merchant_id for counter in actor.counters}))
    if after:
        query = query.where(Branch.id < after)
    return list(db.session.scalars(query))


def see_branch(actor: Actor, branch_id: UUID) -> Branch:
    """One branch of a shop that the actor sees: NotFound, Forbidden."""
    branch = db.session.get(Branch, branch_id)
    if branch is None:
        raise NotFound
    see_merchant(actor, branch.merchant_id)
    return branch


def describe_merchants(ids: Collection[UUID]) -> dict[UUID, Merchant]:
    """These merchants by id, in one statement."""
    return {row.id: row for row in db.session.scalars(select(Merchant).where(Merchant.id.in_(set(ids))))}


def describe_branches(ids: Collection[UUID]) -> dict[UUID, Branch]:
    """These branches by id, in one statement."""
    return {row.id: row for row in db.session.scalars(select(Branch).where(Branch.id.in_(set(ids))))}


def count_branches(merchant_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many branches each of these shops has."""
    query = select(Branch.merchant_id, func.count()).where(Branch.merchant_id.in_(merchant_ids))
    return dict(db.session.execute(query.group_by(Branch.merchant_id)).tuples().all())


# --- posters ----------------------------------------------------------------------------------------------------


def poster_code(actor: Actor, branch: Branch) -> str:
    """What the branch's poster names: the community's short code and the branch's own ("NH-7KQ2M4X")."""
    community = db.session.get_one(Community, actor.tenant)
    return f"{community.short_code}-{branch.code}"


def read_poster(code: str) -> tuple[UUID, Branch]:
    """The community and branch that a poster's code names, for whoever scanned it. Raises ShopCodeUnknown."""
    short_code, _, branch_code = code.strip().upper().partition("-")
    community_id = db.session.scalar(select(Community.id).where(Community.short_code == short_code))
    branch = db.session.scalar(select(Branch).where(Branch.code == branch_code))
    if community_id is None or branch is None:
        raise ShopCodeUnknown
    with walls.inside(community_id):
        known = db.session.scalar(select(Merchant.id).where(Merchant.id == branch.merchant_id, known_to(community_id)))
    if known is None:
        raise ShopCodeUnknown
    return community_id, branch


def only_branch(merchant_id: UUID) -> UUID:
    """The shop's branch when it has just one. Raises BranchRequired."""
    found = list(db.session.scalars(select(Branch.id).where(Branch.merchant_id == merchant_id).limit(2)))
    if len(found) != 1:
        raise BranchRequired
    return found[0]


# --- people behind the counter ----------------------------------------------------------------------------------


def is_behind_counter(actor: Actor, merchant_id: UUID) -> bool:
    """Does the actor own the shop, or serve there?"""
    return any(counter.merchant_id == merchant_id for counter in actor.counters)


def owners_of(community_id: UUID, merchant_ids: Collection[UUID]) -> set[UUID]:
    """The people who own these shops here now."""
    owners = scoped(community_id, CounterStaff.person_id).where(
        CounterStaff.merchant_id.in_(merchant_ids), CounterStaff.role == Role.OWNER, CounterStaff.until.is_(None)
    )
    return set(db.session.scalars(owners))


def person_of(phone: str) -> UUID:
    """Whoever signs in with this number, now or later."""
    return phones.person_with(phone) or phones.add_person(phone)


@atomic
def appoint_owner(actor: Actor, merchant_id: UUID, *, person_id: UUID, name: str) -> CounterStaff:
    """The person owns the shop in this community. Raises NotFound, Forbidden, OwnCounter, AlreadyExists."""
    merchant = load_merchant(actor.tenant, merchant_id)
    require(actor, "give_roles")
    return _appoint(actor, merchant, None, role=Role.OWNER, person_id=person_id, name=name)


@atomic
def appoint_clerk(
    actor: Actor, merchant_id: UUID, *, person_id: UUID, name: str, branch_id: UUID | None = None
) -> CounterStaff:
    """The person serves at the branch (None: at every branch of the shop), by the community's or the owner's word.

    Raises NotFound, Forbidden, OwnCounter, AlreadyExists.
    """
    merchant = load_merchant(actor.tenant, merchant_id)
    branch = db.session.get(Branch, branch_id) if branch_id else None
    if branch_id and (branch is None or branch.merchant_id != merchant.id):
        raise NotFound
    _require_to_staff(actor, merchant.id)
    return _appoint(actor, merchant, branch, role=Role.CLERK, person_id=person_id, name=name)


def _require_to_staff(actor: Actor, merchant_id: UUID) -> None:
    if not (may(actor, "give_roles") or may(actor, "manage_clerks", merchant_id=merchant_id)):
        raise Forbidden


def _appoint(
    actor: Actor, merchant: Merchant, branch: Branch | None, *, role: Role, person_id: UUID, name: str
) -> CounterStaff:
    if person_id == actor.person_id:
        raise OwnCounter
    held = scoped(actor.tenant, CounterStaff.id).where(
        CounterStaff.person_id == person_id,
        CounterStaff.merchant_id == merchant.id,
        CounterStaff.role == role,
        CounterStaff.branch_id.is_(None) if branch is None else CounterStaff.branch_id == branch.id,
        CounterStaff.until.is_(None),
    )
    if db.session.scalar(held) is not None:
        raise AlreadyExists
    staff = CounterStaff(
        community_id=actor.tenant,
        id=new_id(),
        person_id=person_id,
        merchant_id=merchant.id,
        branch_id=branch.id if branch else None,
        name=name,
        role=role,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(staff)
    db.session.flush()
    audit.record(actor, f"rewards.appoint_{role}", staff.id, merchant_id=merchant.id.hex)
    outbox.announce(actor, "counter.opened", staff_id=staff.id.hex, merchant_id=merchant.id.hex)
    return staff


@atomic
def end_counter(actor: Actor, staff_id: UUID) -> None:
    """The person no longer stands behind the counter. Raises NotFound, Forbidden, WrongState (ended before)."""
    staff = load(actor.tenant, CounterStaff, staff_id)
    if staff.role == Role.OWNER:
        require(actor, "give_roles")
    else:
        _require_to_staff(actor, staff.merchant_id)
    ended = update(CounterStaff).where(
        within(actor.tenant, CounterStaff), CounterStaff.id == staff.id, CounterStaff.until.is_(None)
    )
    if not db.session.execute(ended.values(until=clock.now())).rowcount:  # type: ignore[attr-defined]
        raise WrongState(state="ended")
    audit.record(actor, "rewards.end_counter", staff.id)
    outbox.announce(actor, "counter.ended", staff_id=staff.id.hex)


def list_counter_staff(actor: Actor, merchant_id: UUID) -> list[CounterStaff]:
    """Who stands behind the shop's counters now, newest first: NotFound, Forbidden."""
    merchant = load_merchant(actor.tenant, merchant_id)
    if not may(actor, "see_roles"):
        _require_to_staff(actor, merchant.id)
    query = scoped(actor.tenant, CounterStaff).where(
        CounterStaff.merchant_id == merchant.id, CounterStaff.until.is_(None)
    )
    return list(db.session.scalars(query.order_by(CounterStaff.id.desc())))
