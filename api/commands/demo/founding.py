"""The first day: community, place tree, party line, staff, leaders, stewards, volunteers, households."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from api.commands.demo import names
from api.commands.demo.town import CAST, NAME, SHORT_CODE, TELEPHONE, Resident, Town, enter, person_with
from ledger.core.tenancy import Role, system_actor
from ledger.people import communities, grants, households, members, units
from ledger.people.communities import Staff
from ledger.people.consents import give
from ledger.people.models import Oversight, PlaceUnit, PostKind, Purpose, UnitKind

GRIDS, MICRO_GRIDS, ENTRANCES = 8, 30, 174
PARTY_BRANCHES, PARTY_GROUPS = 3, 15
LEADERS, STEWARDS = 56, 174
STAFF_ROLES = {
    "stamper": Role.STAMPER,
    "coordinator": Role.COORDINATOR,
    "supervisor": Role.SUPERVISOR,
}

Say = Callable[[str], None]


def found(chance: random.Random, *, volunteers: int, until: datetime, say: Say) -> Town:
    """The community with all its people, on the clock's present day."""
    street = communities.open_street(system_actor(None), "胜利街街道")
    for role in (Oversight.STREET, Oversight.OPERATOR):
        person_id = person_with(CAST[role][1])
        street_id = street.id if role is Oversight.STREET else None
        communities.give_oversight(system_actor(None), person_id, role=role, street_id=street_id)
    staff = [
        Staff(*CAST["admin"], roles=(Role.ADMIN, Role.STAMPER)),
        Staff(*CAST["treasurer"], roles=(Role.TREASURER, Role.ADMIN)),
    ]
    community = communities.open_community(
        system_actor(None), NAME, staff=staff, street_id=street.id, short_code=SHORT_CODE, is_demo=True
    )
    town = Town(community, chance, units.root_of(community.id), until)
    for role_name in ("admin", "treasurer"):
        town.cast[role_name] = enter(community.id, person_with(CAST[role_name][1]))
    communities.set_telephone(town.cast["admin"], TELEPHONE)
    town.cast["street"] = enter(community.id, person_with(CAST["street"][1]))
    _build_tree(town)
    say(f"  {len(town.entrances)} entrances in {len(town.micro_grids)} micro-grids of {len(town.grids)} grids")
    _appoint_staff(town)
    _settle_residents(town, volunteers)
    _form_households(town)
    say(f"  {len(town.residents)} residents")
    return town


def _add(town: Town, name: str, kind: UnitKind, parent: PlaceUnit, party: PlaceUnit | None = None) -> PlaceUnit:
    party_id = party.id if party else None
    return units.add_unit(town.cast["admin"], name, kind=kind, parent_id=parent.id, party_parent_id=party_id)


def _build_tree(town: Town) -> None:
    general = _add(town, "南华社区党总支", UnitKind.GENERAL_BRANCH, town.root)
    town.branches = [_add(town, f"第{'一二三'[n]}小区党支部", UnitKind.BRANCH, general) for n in range(PARTY_BRANCHES)]
    groups = [
        _add(town, f"第 {n + 1} 楼栋党小组", UnitKind.PARTY_GROUP, town.branches[n % PARTY_BRANCHES])
        for n in range(PARTY_GROUPS)
    ]
    compounds = [_add(town, name, UnitKind.COMPOUND, town.root) for name in names.COMPOUNDS]
    for n in range(GRIDS):
        town.grids.append(_add(town, f"第 {n + 1} 网格", UnitKind.GRID, compounds[n % len(compounds)]))
    for n in range(MICRO_GRIDS):
        town.micro_grids.append(_add(town, f"微网格 {n + 1:02d}", UnitKind.MICRO_GRID, town.grids[n % GRIDS]))
    buildings = [
        _add(town, f"{n + 1} 号楼", UnitKind.BUILDING, town.micro_grids[n % MICRO_GRIDS], groups[n % PARTY_GROUPS])
        for n in range(2 * MICRO_GRIDS)
    ]
    for n in range(ENTRANCES):
        building = buildings[n % len(buildings)]
        town.entrances.append(_add(town, f"{n // len(buildings) + 1} 单元", UnitKind.ENTRANCE, building))


def _grid_of(town: Town, unit: PlaceUnit) -> int:
    return next((n for n, grid in enumerate(town.grids) if unit.path.startswith(grid.path)), 0)


def _resident(town: Town, name: str, unit: PlaceUnit, phone: str) -> Resident:
    member = members.add_member(town.cast["admin"], name, unit_id=unit.id, phone=phone)
    give(member.person_id, [Purpose.SERVICE, Purpose.LOCATION, Purpose.SHARING_WITH_SHOPS])
    resident = Resident(member.id, enter(town.community.id, member.person_id), _grid_of(town, unit))
    town.residents.append(resident)
    return resident


def _appoint_staff(town: Town) -> None:
    admin = town.cast["admin"]
    for role_name, role in STAFF_ROLES.items():
        name, phone = CAST[role_name]
        unit = town.grids[0] if role is Role.COORDINATOR else town.root
        resident = _resident(town, name, town.root, phone)
        grants.give_role(admin, resident.member_id, role=role, unit_id=unit.id)
        town.cast[role_name] = enter(town.community.id, resident.actor.person_id)
    town.coordinators.append(town.cast["coordinator"])
    for n, grid in enumerate(town.grids[1:], start=2):
        resident = _resident(town, names.person_name(town.chance), grid, f"1390001{n:04d}")
        grants.give_role(admin, resident.member_id, role=Role.COORDINATOR, unit_id=grid.id)
        grants.give_post(admin, resident.member_id, kind=PostKind.GRID_WORKER, unit_id=grid.id)
        town.coordinators.append(enter(town.community.id, resident.actor.person_id))
    secretary = _resident(town, CAST["secretary"][0], town.root, CAST["secretary"][1])
    grants.give_post(admin, secretary.member_id, kind=PostKind.BRANCH_SECRETARY, unit_id=town.branches[0].id)
    town.cast["secretary"] = enter(town.community.id, secretary.actor.person_id)


def _settle_residents(town: Town, volunteers: int) -> None:
    admin = town.cast["admin"]
    main = _resident(town, CAST["volunteer"][0], town.micro_grids[0], CAST["volunteer"][1])
    grants.give_post(admin, main.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=town.micro_grids[0].id)
    town.cast["volunteer"] = main.actor
    for n in range(1, LEADERS):
        unit = town.micro_grids[n % MICRO_GRIDS]
        leader = _resident(town, names.person_name(town.chance), unit, f"1390002{n:04d}")
        grants.give_post(admin, leader.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=unit.id)
    for n in range(STEWARDS):
        unit = town.entrances[n % ENTRANCES]
        steward = _resident(town, names.person_name(town.chance), unit, f"1390003{n:04d}")
        grants.give_post(admin, steward.member_id, kind=PostKind.UNIT_STEWARD, unit_id=unit.id)
    for n in range(volunteers):
        unit = town.chance.choice(town.entrances)
        _resident(town, names.person_name(town.chance), unit, f"139{4_0000 + n:08d}")


def _form_households(town: Town) -> None:
    """Some who live side by side are one family: the rule that nobody stamps their own has something to bite on."""
    pairs = zip(town.residents[-120::2], town.residents[-119::2], strict=False)
    for n, (one, other) in enumerate(pairs, start=1):
        households.form_household(town.cast["admin"], f"第 {n} 户", member_ids=[one.member_id, other.member_id])
