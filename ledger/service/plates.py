"""Plates (门牌码): QR codes at buildings and entrances that open the check-in of a standing activity."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, false, func, or_, select

from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import may, places_reached, reach, reaches_all_by_name, require, require_any
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import units
from ledger.people.members import load_community
from ledger.people.models import PlaceUnit, UnitKind
from ledger.service.codes import new_plate_code
from ledger.service.errors import PlateMisplaced
from ledger.service.models import Activity, Checkin, Plate, PlateState
from ledger.service.standing import hold_standing

DOORS = (UnitKind.BUILDING, UnitKind.ENTRANCE)
LONGEST = 80
MOST_AT_ONCE = 200


class PlateView(NamedTuple):
    """A plate with its service and its unit, for those who hold a right over that part."""

    plate: Plate
    standing: Activity
    unit: PlaceUnit


@atomic
def add_plate(actor: Actor, standing_id: UUID, unit_id: UUID, *, address: str) -> Plate:
    """A plate for this door can be printed. `address` is what its members call the door, 1 … 80 characters.

    Raises NotFound (activity, unit), Forbidden, NotStanding, UnitEnded, PlateMisplaced.
    """
    assert 1 <= len(address) <= LONGEST, "bounded by whoever read the form"
    standing = hold_standing(actor, standing_id)
    unit = units.hold_unit(actor.tenant, unit_id)
    units.require_live(unit)
    if unit.kind not in DOORS or not unit.path.startswith(load(actor.tenant, PlaceUnit, standing.unit_id).path):
        raise PlateMisplaced
    return _add(actor, standing, [(unit, address)])[0]


@atomic
def add_plates_below(actor: Actor, standing_id: UUID) -> list[Plate]:
    """Every entrance below the service's unit (a building where it has none) has a plate; those made now, in order.

    The address is the unit's name with its building's; at most 200 at once, the rest by calling again.
    Raises NotFound, Forbidden, NotStanding.
    """
    standing = hold_standing(actor, standing_id)
    top = load(actor.tenant, PlaceUnit, standing.unit_id)
    part = [one for one in units.tree_of(actor.tenant) if one.path.startswith(top.path)]
    split = {one.parent_id for one in part if one.kind == UnitKind.ENTRANCE}
    named: dict[UUID | None, str] = {one.id: one.name for one in part}
    with_plate = _with_plate(standing)
    doors = [one for one in part if one.kind in DOORS and one.id not in split and one.id not in with_plate]
    addressed = [(one, f"{named.get(one.parent_id, '')} {one.name}".strip()[:LONGEST]) for one in doors[:MOST_AT_ONCE]]
    return _add(actor, standing, addressed)


def _with_plate(standing: Activity) -> set[UUID]:
    query = scoped(standing.community_id, Plate.unit_id).where(
        Plate.standing_id == standing.id, Plate.state == PlateState.ACTIVE
    )
    return set(db.session.scalars(query))


def _add(actor: Actor, standing: Activity, doors: list[tuple[PlaceUnit, str]]) -> list[Plate]:
    community = load_community(actor.tenant)
    # Numbers of one community are given one after the other.
    db.session.execute(select(type(community).id).where(type(community).id == community.id).with_for_update())
    highest = db.session.scalar(select(func.max(Plate.number)).where(within(actor.tenant, Plate))) or 0
    made = [
        Plate(
            community_id=actor.tenant,
            id=new_id(),
            standing_id=standing.id,
            unit_id=unit.id,
            number=highest + 1 + place,
            address=address,
            code=new_plate_code(community.short_code),
            state=PlateState.ACTIVE,
            created_at=clock.now(),
            actor_id=actor.person_id,
            retired_at=None,
        )
        for place, (unit, address) in enumerate(doors)
    ]
    db.session.add_all(made)
    db.session.flush()
    for plate in made:
        audit.record(actor, "service.add_plate", plate.id)
    outbox.announce(actor, "plates.added", standing_id=standing.id.hex)
    return made


@atomic
def retire_plate(actor: Actor, plate_id: UUID) -> Plate:
    """Nobody checks in with it any more. Raises NotFound, Forbidden, WrongState."""
    plate = load(actor.tenant, Plate, plate_id, lock=True)
    require(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, plate.unit_id).path)
    if plate.state != PlateState.ACTIVE:
        raise WrongState(state=plate.state)
    plate.state, plate.retired_at = PlateState.RETIRED, clock.now()
    db.session.flush()
    audit.record(actor, "service.retire_plate", plate.id)
    outbox.announce(actor, "plate.retired", plate_id=plate.id.hex)
    return plate


# --- reading ------------------------------------------------------------------------------------------------------


def list_plates(
    actor: Actor,
    *,
    standing_id: UUID | None = None,
    status: PlateState | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[PlateView]:
    """The plates of the actor's parts, in the order of their making. Raises Forbidden."""
    require_any(actor, "see_plates")
    query = _described(actor)
    if standing_id is not None:
        query = query.where(Plate.standing_id == standing_id)
    if status is not None:
        query = query.where(Plate.state == status)
    if after is not None:
        query = query.where(Plate.id > after)
    return [PlateView(*row) for row in db.session.execute(query.order_by(Plate.id).limit(limit))]


def see_plate(actor: Actor, plate_id: UUID) -> PlateView:
    """One plate, by the same rule as the list. Raises NotFound, Forbidden."""
    plate = load(actor.tenant, Plate, plate_id)
    require(actor, "see_plates", unit_path=load(actor.tenant, PlaceUnit, plate.unit_id).path)
    return PlateView(*db.session.execute(_described(actor).where(Plate.id == plate.id)).one())


def describe_plates(actor: Actor, plate_ids: Collection[UUID]) -> list[PlateView]:
    """These plates, as far as they hang in the actor's parts, in the order of their making. Raises Forbidden."""
    require_any(actor, "see_plates")
    rows = db.session.execute(_described(actor).where(Plate.id.in_(plate_ids)).order_by(Plate.id))
    return [PlateView(*row) for row in rows]


def _described(actor: Actor) -> Select[Any]:
    query = scoped(actor.tenant, Plate, Activity, PlaceUnit).where(
        Activity.id == Plate.standing_id, PlaceUnit.id == Plate.unit_id
    )
    scopes = reach(actor, "see_plates")
    if reaches_all_by_name(scopes):
        return query
    return query.where(or_(false(), *places_reached(actor, scopes, PlaceUnit.path)))


class Door(NamedTuple):
    """The door of a visit: its plate's number, and the address for those who may know it."""

    number: int
    address: str | None


def doors_of(actor: Actor, visits: Collection[Checkin]) -> dict[UUID, Door]:
    """The doors of those visits that were at one, by check-in.

    The address is for whoever visits there, and for those with a right over the part where the plate hangs.
    """
    wanted = {visit.plate_id for visit in visits if visit.plate_id is not None}
    if not wanted:
        return {}
    query = scoped(actor.tenant, Plate, PlaceUnit.path).where(PlaceUnit.id == Plate.unit_id, Plate.id.in_(wanted))
    found = {plate.id: (plate, path) for plate, path in db.session.execute(query)}
    doors = {}
    for visit in visits:
        if visit.plate_id is not None:
            plate, path = found[visit.plate_id]
            is_known = visit.member_id in actor.member_ids or may(actor, "see_plates", unit_path=path)
            doors[visit.id] = Door(plate.number, plate.address if is_known else None)
    return doors
