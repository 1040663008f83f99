"""The place tree and the party line."""

from __future__ import annotations

import pytest

from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.people import units
from ledger.people.errors import UnitMisplaced
from ledger.people.models import UnitKind
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def test_a_path_starts_with_the_parents_path(place: Neighbourhood) -> None:
    building = units.add_unit(place.admin.actor, "1 号楼", kind=UnitKind.BUILDING, parent_id=place.micro_grid.id)
    entrance = units.add_unit(place.admin.actor, "1 单元", kind=UnitKind.ENTRANCE, parent_id=building.id)
    assert entrance.path.startswith(building.path)
    assert building.path.startswith(place.micro_grid.path)


def test_the_tenth_sibling_is_not_inside_the_first(place: Neighbourhood) -> None:
    siblings = [
        units.add_unit(place.admin.actor, f"{n} 号楼", kind=UnitKind.BUILDING, parent_id=place.micro_grid.id)
        for n in range(1, 12)
    ]
    assert not siblings[9].path.startswith(siblings[0].path)


def test_the_tree_lists_parents_before_children_and_siblings_in_order(place: Neighbourhood) -> None:
    for n in range(11):
        place.grid_beside(f"网格{n}")
    names = [unit.name for unit in units.tree_of(place.id)]
    assert names[:4] == ["南华社区", "第一网格", "第一微网格", "网格0"]
    assert names[-1] == "网格10"


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (UnitKind.ENTRANCE, "grid"),
        (UnitKind.COMPOUND, "micro_grid"),
        (UnitKind.COMMUNITY, "root"),
        (UnitKind.PARTY_GROUP, "root"),
        (UnitKind.MICRO_GRID, "root"),
    ],
)
def test_a_unit_hangs_only_where_its_kind_belongs(place: Neighbourhood, kind: UnitKind, parent: str) -> None:
    with pytest.raises(UnitMisplaced):
        units.add_unit(place.admin.actor, "某处", kind=kind, parent_id=getattr(place, parent).id)


def test_a_building_may_have_a_second_parent_in_the_party_line_only(place: Neighbourhood) -> None:
    admin = place.admin.actor
    general = units.add_unit(admin, "党总支", kind=UnitKind.GENERAL_BRANCH, parent_id=place.root.id)
    branch = units.add_unit(admin, "党支部", kind=UnitKind.BRANCH, parent_id=general.id)
    group = units.add_unit(admin, "党小组", kind=UnitKind.PARTY_GROUP, parent_id=branch.id)
    kind, home = UnitKind.BUILDING, place.micro_grid.id
    building = units.add_unit(admin, "1 号楼", kind=kind, parent_id=home, party_parent_id=group.id)
    assert building.party_parent_id == group.id
    with pytest.raises(UnitMisplaced):
        units.add_unit(admin, "2 号楼", kind=kind, parent_id=home, party_parent_id=place.grid.id)


def test_a_parent_of_another_community_does_not_exist(place: Neighbourhood) -> None:
    other = open_neighbourhood("北华社区")
    with pytest.raises(NotFound):
        units.add_unit(place.admin.actor, "某处", kind=UnitKind.GRID, parent_id=other.root.id)
    with pytest.raises(NotFound):
        units.add_unit(place.admin.actor, "某处", kind=UnitKind.GRID, parent_id=new_id())


def test_only_an_admin_changes_the_tree(place: Neighbourhood) -> None:
    for person in (place.volunteer(), place.coordinator, place.treasurer, place.supervisor):
        with pytest.raises(Forbidden):
            units.add_unit(person.actor, "某处", kind=UnitKind.GRID, parent_id=place.root.id)
