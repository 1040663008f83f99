"""The place tree (社区 → 小区 → 网格 → 微网格 → 楼栋 → 单元) and the party line as a second parent."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import audit, clock
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.errors import UnitMisplaced
from ledger.people.models import PlaceUnit, UnitKind

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
"""What each kind may hang below."""

PARTY_LINE = frozenset({UnitKind.GENERAL_BRANCH, UnitKind.BRANCH, UnitKind.PARTY_GROUP})


@atomic
def add_unit(
    actor: Actor, name: str, *, kind: UnitKind, parent_id: UUID, party_parent_id: UUID | None = None
) -> PlaceUnit:
    """The unit exists below its parent. `party_parent_id` is its place in the party line, if it has one.

    Raises NotFound (a parent), Forbidden, UnitMisplaced.
    """
    parent = load(actor.tenant, PlaceUnit, parent_id, lock=True)
    party = load(actor.tenant, PlaceUnit, party_parent_id) if party_parent_id else None
    require(actor, "manage_units", unit_path=parent.path)
    if parent.kind not in PARENTS[kind] or (party is not None and party.kind not in PARTY_LINE):
        raise UnitMisplaced
    children = select(func.count()).where(within(actor.tenant, PlaceUnit), PlaceUnit.parent_id == parent.id)
    ordinal = (db.session.scalar(children) or 0) + 1
    unit = PlaceUnit(
        community_id=actor.tenant,
        id=new_id(),
        kind=kind,
        name=name,
        parent_id=parent.id,
        party_parent_id=party.id if party else None,
        path=f"{parent.path}{ordinal}.",
        created_at=clock.now(),
    )
    db.session.add(unit)
    db.session.flush()
    audit.record(actor, "people.add_unit", unit.id, kind=kind)
    return unit


def root_of(community_id: UUID) -> PlaceUnit:
    """The unit that is the community itself."""
    query = scoped(community_id, PlaceUnit).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    unit: PlaceUnit = db.session.scalars(query).one()
    return unit


def tree_of(community_id: UUID, *, after: UUID | None = None) -> list[PlaceUnit]:
    """All units (or those that follow one), parents before children, siblings in the order they were added."""
    rows = list(db.session.scalars(scoped(community_id, PlaceUnit)))
    tree = sorted(rows, key=lambda unit: [int(step) for step in unit.path.split(".") if step])
    reached = next((place for place, unit in enumerate(tree, 1) if unit.id == after), 0)
    return tree[reached:]


def describe_units(community_id: UUID, ids: Collection[UUID]) -> dict[UUID, PlaceUnit]:
    """These units by id, in one statement."""
    rows = db.session.scalars(scoped(community_id, PlaceUnit).where(PlaceUnit.id.in_(set(ids))))
    return {unit.id: unit for unit in rows}
