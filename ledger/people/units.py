"""The place tree (社区 → 小区 → 网格 → 微网格 → 楼栋 → 单元) and the party line as a second parent."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import String, func, literal, or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, begins, db
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.errors import UnitEnded, UnitInUse, UnitMisplaced
from ledger.people.models import Member, MemberState, PlaceUnit, Post, RoleGrant, UnitKind
from ledger.people.team_models import Team

PARENTS: dict[UnitKind, frozenset[UnitKind]] = {
    UnitKind.COMMUNITY: frozenset(),
    UnitKind.COMPOUND: frozenset({UnitKind.COMMUNITY}),
    UnitKind.GRID: frozenset({UnitKind.COMMUNITY, UnitKind.COMPOUND}),
    UnitKind.MICRO_GRID: frozenset({UnitKind.GRID}),
    UnitKind.BUILDING: frozenset({UnitKind.MICRO_GRID, UnitKind.GRID, UnitKind.COMPOUND}),
    UnitKind.ENTRANCE: frozenset({UnitKind.BUILDING}),
    UnitKind.GENERAL_BRANCH: frozenset({UnitKind.COMMUNITY}),
    UnitKind.BRANCH: frozenset({UnitKind.GENERAL_BRANCH}),
    UnitKind.PARTY_GROUP: frozenset({UnitKind.BRANCH}),
}
"""What each kind may hang below: no kind below itself, so that a unit never comes to hang below its own part."""

PARTY_LINE = frozenset({UnitKind.GENERAL_BRANCH, UnitKind.BRANCH, UnitKind.PARTY_GROUP})


@atomic
def add_unit(
    actor: Actor, name: str, *, kind: UnitKind, parent_id: UUID, party_parent_id: UUID | None = None
) -> PlaceUnit:
    """The unit exists below its parent. `party_parent_id` is its place in the party line, if it has one.

    Raises NotFound (a parent), Forbidden, UnitEnded (a parent), UnitMisplaced.
    """
    _lock_tree(actor.tenant)
    parent = load(actor.tenant, PlaceUnit, parent_id, lock=True)
    party = load(actor.tenant, PlaceUnit, party_parent_id) if party_parent_id else None
    require(actor, "manage_units", unit_path=parent.path)
    _refuse_place(kind, parent, party)
    unit = PlaceUnit(
        community_id=actor.tenant,
        id=new_id(),
        kind=kind,
        name=name,
        parent_id=parent.id,
        party_parent_id=party.id if party else None,
        path=_free_path(parent),
        created_at=clock.now(),
    )
    db.session.add(unit)
    db.session.flush()
    audit.record(actor, "people.add_unit", unit.id, kind=kind)
    return unit


def _lock_tree(community_id: UUID) -> None:
    """Changes of one community's tree come one after the other: a path is read and written by one at a time."""
    query = scoped(community_id, PlaceUnit.id).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    db.session.execute(query.with_for_update(key_share=True))


def _refuse_place(kind: UnitKind | str, parent: PlaceUnit, party: PlaceUnit | None) -> None:
    require_live(parent)
    if party is not None:
        require_live(party)
    if parent.kind not in PARENTS[UnitKind(kind)] or (party is not None and party.kind not in PARTY_LINE):
        raise UnitMisplaced


def _free_path(parent: PlaceUnit) -> str:
    """A path below the parent that no sibling has, after the last of them."""
    paths = db.session.scalars(scoped(parent.community_id, PlaceUnit.path).where(PlaceUnit.parent_id == parent.id))
    ordinals = [int(path.removesuffix(".").rpartition(".")[2]) for path in paths]
    return f"{parent.path}{max(ordinals, default=0) + 1}."


def _changing(actor: Actor, unit_id: UUID) -> PlaceUnit:
    """A live unit, locked, that the actor may change: NotFound, Forbidden, UnitEnded."""
    _lock_tree(actor.tenant)
    unit = load(actor.tenant, PlaceUnit, unit_id, lock=True)
    require(actor, "manage_units", unit_path=unit.path)
    require_live(unit)
    return unit


@atomic
def rename_unit(actor: Actor, unit_id: UUID, name: str) -> PlaceUnit:
    """The unit has another name. Raises NotFound, Forbidden, UnitEnded."""
    unit = _changing(actor, unit_id)
    unit.name = name
    db.session.flush()
    audit.record(actor, "people.rename_unit", unit.id)
    return unit


@atomic
def move_unit(actor: Actor, unit_id: UUID, parent_id: UUID) -> PlaceUnit:
    """The unit hangs below another parent, and everything below it comes along.

    Rights follow from the next request on: whoever holds a role over the old parent reaches nothing of the part
    any more, whoever holds one over the new parent reaches all of it. Raises NotFound (unit, parent), Forbidden,
    UnitEnded, UnitMisplaced.
    """
    parent = load(actor.tenant, PlaceUnit, parent_id)
    unit = _changing(actor, unit_id)
    parent = load(actor.tenant, PlaceUnit, parent.id, lock=True)
    require(actor, "manage_units", unit_path=parent.path)
    _refuse_place(unit.kind, parent, None)
    if parent.id != unit.parent_id:
        _move_part(unit, parent)
    audit.record(actor, "people.move_unit", unit.id, parent_id=parent.id.hex)
    outbox.announce(actor, "unit.moved", unit_id=unit.id.hex)
    return unit


def _move_part(unit: PlaceUnit, parent: PlaceUnit) -> None:
    """Write the paths of the whole part, and those that other rooms keep."""
    community_id, unit_id, old, new = unit.community_id, unit.id, unit.path, _free_path(parent)
    inside = begins(PlaceUnit.path, old)
    # Whoever checks in there just now is waited for; a later one waits for us and reads the new path.
    db.session.execute(scoped(community_id, PlaceUnit.id).where(inside).order_by(PlaceUnit.id).with_for_update())
    rest = func.substr(PlaceUnit.path, len(old) + 1, type_=String())
    moved = update(PlaceUnit).where(within(community_id, PlaceUnit), inside)
    db.session.execute(moved.values(path=literal(new, String()) + rest).execution_options(synchronize_session=False))
    unit.parent_id = parent.id
    db.session.flush()
    for follow in registry.units_moved.values():
        follow(community_id, old, new)
    db.session.expire_all()
    assert load(community_id, PlaceUnit, unit_id).path == new


@atomic
def set_party_parent(actor: Actor, unit_id: UUID, party_parent_id: UUID | None) -> PlaceUnit:
    """The unit's place in the party line; None is none. A unit of the party line itself hangs in it by its parent.

    Raises NotFound (unit, party parent), Forbidden, UnitEnded, UnitMisplaced.
    """
    unit = _changing(actor, unit_id)
    party = load(actor.tenant, PlaceUnit, party_parent_id) if party_parent_id else None
    if party is not None:
        require_live(party)
    if party is not None and (party.kind not in PARTY_LINE or unit.kind in PARTY_LINE):
        raise UnitMisplaced
    unit.party_parent_id = party.id if party else None
    db.session.flush()
    audit.record(actor, "people.set_party_parent", unit.id, party_parent_id=party.id.hex if party else None)
    return unit


@atomic
def change_unit(actor: Actor, unit_id: UUID, **changes: object) -> PlaceUnit:
    """Several of `name`, `parent_id`, `party_parent_id` at once; what is not named stays. Raises as each of them."""
    unit = load(actor.tenant, PlaceUnit, unit_id)
    require(actor, "manage_units", unit_path=unit.path)
    if "name" in changes:
        unit = rename_unit(actor, unit_id, str(changes["name"]))
    if "parent_id" in changes:
        unit = move_unit(actor, unit_id, changes["parent_id"])  # type: ignore[arg-type]
    if "party_parent_id" in changes:
        unit = set_party_parent(actor, unit_id, changes["party_parent_id"])  # type: ignore[arg-type]
    return unit


class Uses(NamedTuple):
    """What hangs on a unit itself (not on those below it)."""

    people: int
    posts: int
    roles: int
    units: int
    others: int


@atomic
def end_unit(actor: Actor, unit_id: UUID) -> PlaceUnit:
    """The unit is no more: nothing new hangs on it, and history still names it.

    Refused while anything hangs on it: people, posts, roles, units below it or led by it, teams, activities to come.
    Raises NotFound, Forbidden, UnitEnded, UnitInUse.
    """
    unit = _changing(actor, unit_id)
    uses = uses_of(unit)
    if any(uses) or unit.parent_id is None:
        raise UnitInUse(**uses._asdict())
    unit.ended_at = clock.now()
    db.session.flush()
    audit.record(actor, "people.end_unit", unit.id)
    return unit


def uses_of(unit: PlaceUnit) -> Uses:
    """How much hangs on the unit now."""
    of_rooms = sum(count(unit.community_id, unit.id) for count in registry.unit_uses.values())
    below = or_(PlaceUnit.parent_id == unit.id, PlaceUnit.party_parent_id == unit.id)
    return Uses(
        people=_count(unit, Member, Member.unit_id == unit.id, Member.state == MemberState.ACTIVE),
        posts=_count(unit, Post, Post.unit_id == unit.id, Post.until.is_(None)),
        roles=_count(unit, RoleGrant, RoleGrant.unit_id == unit.id, RoleGrant.until.is_(None)),
        units=_count(unit, PlaceUnit, below, PlaceUnit.ended_at.is_(None)),
        others=_count(unit, Team, Team.unit_id == unit.id, Team.until.is_(None)) + of_rooms,
    )


def _count(unit: PlaceUnit, model: type, *conditions: ColumnElement[bool]) -> int:
    return db.session.scalar(select(func.count()).where(within(unit.community_id, model), *conditions)) or 0


def hold_unit(community_id: UUID, unit_id: UUID) -> PlaceUnit:
    """The unit, to hang something on: it neither ends nor moves before we are done. NotFound.

    A lock that others who hang something there share; `require_live` comes after the question of rights.
    """
    query = scoped(community_id, PlaceUnit).where(PlaceUnit.id == load(community_id, PlaceUnit, unit_id).id)
    locked = query.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    unit: PlaceUnit = db.session.scalars(locked).one()
    return unit


def require_live(unit: PlaceUnit) -> None:
    """UnitEnded when the unit has ended."""
    if unit.ended_at is not None:
        raise UnitEnded


def root_of(community_id: UUID) -> PlaceUnit:
    """The unit that is the community itself."""
    query = scoped(community_id, PlaceUnit).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    unit: PlaceUnit = db.session.scalars(query).one()
    return unit


def tree_of(community_id: UUID, *, after: UUID | None = None, with_ended: bool = False) -> list[PlaceUnit]:
    """All live units (or those that follow one), parents before children, siblings in the order they were added.

    `with_ended` lists those that have ended too.
    """
    query = scoped(community_id, PlaceUnit)
    if not with_ended:
        query = query.where(PlaceUnit.ended_at.is_(None))
    rows = list(db.session.scalars(query))
    tree = sorted(rows, key=lambda unit: [int(step) for step in unit.path.split(".") if step])
    reached = next((place for place, unit in enumerate(tree, 1) if unit.id == after), 0)
    return tree[reached:]


def describe_units(community_id: UUID, ids: Collection[UUID]) -> dict[UUID, PlaceUnit]:
    """These units by id, in one statement."""
    rows = db.session.scalars(scoped(community_id, PlaceUnit).where(PlaceUnit.id.in_(set(ids))))
    return {unit.id: unit for unit in rows}
