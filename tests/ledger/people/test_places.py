"""The place tree changes: rights and visits follow at once, and what is in use does not end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.permissions import may
from ledger.core.tenancy import Role
from ledger.people import grants, members, moving, phones, units
from ledger.people.errors import OwnRole, UnitEnded, UnitInUse, UnitMisplaced
from ledger.people.models import PlaceUnit, PostKind, UnitKind
from ledger.service import queue
from tests.ledger.service.day import Day, open_day
from tests.stories import Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    from ledger.core import clock

    try:
        yield open_day()
    finally:
        clock.move_to(None)


def add(place: Neighbourhood, name: str, kind: UnitKind, parent: PlaceUnit) -> PlaceUnit:
    return units.add_unit(place.admin.actor, name, kind=kind, parent_id=parent.id)


def test_a_moved_unit_takes_everything_below_it_along(place: Neighbourhood) -> None:
    building = add(place, "1 号楼", UnitKind.BUILDING, place.micro_grid)
    beside = place.grid_beside()
    moved = units.move_unit(place.admin.actor, place.micro_grid.id, beside.id)
    assert moved.parent_id == beside.id
    tree = {unit.id: unit.path for unit in units.tree_of(place.id)}
    assert tree[place.micro_grid.id].startswith(tree[beside.id])
    assert tree[building.id].startswith(tree[place.micro_grid.id])


def test_rights_over_a_moved_part_follow_at_once(place: Neighbourhood) -> None:
    beside, lin = place.grid_beside(), place.volunteer()
    old = place.staff(Role.COORDINATOR, unit=place.grid)
    new = place.staff(Role.COORDINATOR, unit=beside)
    units.move_unit(place.admin.actor, place.micro_grid.id, beside.id)
    assert lin.member_id is not None
    assert members.see_member(new.actor, lin.member_id)[0].id == lin.member_id
    with pytest.raises(Forbidden):
        members.see_member(old.actor, lin.member_id)
    assert lin.member_id not in {member.id for member, _ in members.list_members(old.actor)}
    assert lin.member_id in {member.id for member, _ in members.list_members(new.actor)}


def test_a_role_over_the_moved_unit_stays_with_it(place: Neighbourhood) -> None:
    holder = place.staff(Role.STAMPER, unit=place.micro_grid)
    moved = units.move_unit(place.admin.actor, place.micro_grid.id, place.grid_beside().id)
    assert may(holder.actor, "stamp", unit_path=moved.path)


def test_visits_follow_a_moved_unit(day: Day) -> None:
    place = day.place
    beside = place.grid_beside()
    visit = day.served(place.volunteer(), to=day.another_activity(unit=place.micro_grid))
    old, new = (place.staff(Role.STAMPER, unit=unit) for unit in (place.grid, beside))
    assert [one.checkin.id for one in queue.list_checkins(old.actor)] == [visit.id]
    units.move_unit(place.admin.actor, place.micro_grid.id, beside.id)
    assert queue.list_checkins(old.actor) == []
    assert [one.checkin.id for one in queue.list_checkins(new.actor)] == [visit.id]
    with pytest.raises(Forbidden):
        queue.see_checkin(old.actor, visit.id)


def test_a_unit_with_an_activity_to_come_does_not_end(day: Day) -> None:
    beside = day.place.grid_beside()
    day.another_activity(unit=beside)
    with pytest.raises(UnitInUse) as refusal:
        units.end_unit(day.place.admin.actor, beside.id)
    assert refusal.value.facts["others"] == 1


def test_a_number_given_up_by_a_moved_unit_is_no_trap(place: Neighbourhood) -> None:
    beside = place.grid_beside()
    second = add(place, "第二微网格", UnitKind.MICRO_GRID, place.grid)
    units.move_unit(place.admin.actor, place.micro_grid.id, beside.id)
    units.move_unit(place.admin.actor, second.id, beside.id)
    third = add(place, "第三微网格", UnitKind.MICRO_GRID, place.grid)
    units.move_unit(place.admin.actor, third.id, beside.id)
    paths = [unit.path for unit in units.tree_of(place.id)]
    assert len(paths) == len(set(paths))


def test_a_unit_moves_only_where_its_kind_belongs(place: Neighbourhood) -> None:
    for unit, parent in ((place.grid, place.micro_grid), (place.root, place.grid), (place.micro_grid, place.root)):
        with pytest.raises(UnitMisplaced):
            units.move_unit(place.admin.actor, unit.id, parent.id)


def test_a_unit_in_use_does_not_end(place: Neighbourhood) -> None:
    admin = place.admin.actor
    lin = place.volunteer()
    with pytest.raises(UnitInUse) as refusal:
        units.end_unit(admin, place.micro_grid.id)
    assert refusal.value.facts == {"people": 1, "posts": 0, "roles": 0, "units": 0, "others": 0}
    assert lin.member_id is not None
    moving.move_members(admin, place.grid.id, member_ids=[lin.member_id])
    post = grants.give_post(admin, lin.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=place.micro_grid.id)
    with pytest.raises(UnitInUse):
        units.end_unit(admin, place.micro_grid.id)
    grants.end_post(admin, post.id)
    units.end_unit(admin, place.micro_grid.id)
    assert place.micro_grid.id not in {unit.id for unit in units.tree_of(place.id)}
    assert place.micro_grid.id in {unit.id for unit in units.tree_of(place.id, with_ended=True)}


def test_nothing_is_hung_on_an_ended_unit(place: Neighbourhood) -> None:
    admin, lin = place.admin.actor, place.volunteer(unit=place.root)
    ended = place.grid_beside()
    units.end_unit(admin, ended.id)
    assert lin.member_id is not None
    tries = (
        lambda: add(place, "某处", UnitKind.MICRO_GRID, ended),
        lambda: members.add_member(admin, "新人", unit_id=ended.id),
        lambda: moving.move_members(admin, ended.id, member_ids=[lin.member_id]),
        lambda: grants.give_role(admin, lin.member_id, role=Role.STAMPER, unit_id=ended.id),
        lambda: grants.give_post(admin, lin.member_id, kind=PostKind.BUILDING_LEADER, unit_id=ended.id),
        lambda: units.move_unit(admin, place.micro_grid.id, ended.id),
        lambda: units.rename_unit(admin, ended.id, "新名"),
        lambda: units.end_unit(admin, ended.id),
    )
    for hang in tries:
        with pytest.raises(UnitEnded):
            hang()


def test_the_root_never_ends(place: Neighbourhood) -> None:
    with pytest.raises(UnitInUse):
        units.end_unit(place.admin.actor, place.root.id)


def test_the_party_parent_is_set_and_taken_away(place: Neighbourhood) -> None:
    admin = place.admin.actor
    general = add(place, "党总支", UnitKind.GENERAL_BRANCH, place.root)
    assert units.set_party_parent(admin, place.grid.id, general.id).party_parent_id == general.id
    with pytest.raises(UnitInUse):
        units.end_unit(admin, general.id)
    with pytest.raises(UnitMisplaced):
        units.set_party_parent(admin, general.id, general.id)
    assert units.set_party_parent(admin, place.grid.id, None).party_parent_id is None
    units.end_unit(admin, general.id)


def test_a_moved_member_is_lost_to_the_old_part_at_once(place: Neighbourhood) -> None:
    beside, lin = place.grid_beside(), place.volunteer()
    old = place.staff(Role.COORDINATOR, unit=place.grid)
    assert lin.member_id is not None
    assert moving.move_members(place.admin.actor, beside.id, member_ids=[lin.member_id]) == 1
    assert moving.move_members(place.admin.actor, beside.id, member_ids=[lin.member_id]) == 0
    with pytest.raises(Forbidden):
        members.see_member(old.actor, lin.member_id)
    assert not may(old.actor, "act_for_member", member_id=lin.member_id, unit_path=beside.path)


def test_members_move_together_or_not_at_all(place: Neighbourhood) -> None:
    lin, stranger = place.volunteer(), open_neighbourhood("北华社区").volunteer()
    assert lin.member_id is not None
    assert stranger.member_id is not None
    with pytest.raises(NotFound):
        moving.move_members(place.admin.actor, place.grid.id, member_ids=[lin.member_id, stranger.member_id])
    assert members.see_member(place.admin.actor, lin.member_id)[1].id == place.micro_grid.id
    with pytest.raises(Forbidden):
        moving.move_members(place.coordinator.actor, place.grid.id, member_ids=[lin.member_id])


def test_a_post_ends_and_stays_in_the_history(place: Neighbourhood) -> None:
    admin, lin = place.admin.actor, place.volunteer()
    assert lin.member_id is not None
    post = grants.give_post(admin, lin.member_id, kind=PostKind.UNIT_STEWARD, unit_id=place.micro_grid.id)
    with pytest.raises(AlreadyExists):
        grants.give_post(admin, lin.member_id, kind=PostKind.UNIT_STEWARD, unit_id=place.micro_grid.id)
    grants.end_post(admin, post.id)
    with pytest.raises(WrongState):
        grants.end_post(admin, post.id)
    assert [one.id for one, _, _ in grants.list_posts(admin, member_id=lin.member_id)] == [post.id]
    assert grants.list_posts(admin, member_id=lin.member_id, now_only=True) == []
    sibling = place.staff(Role.COORDINATOR, unit=place.grid_beside())
    assert grants.list_posts(sibling.actor) == []
    assert [one.id for one, _, _ in grants.list_posts(place.staff(Role.COORDINATOR, unit=place.grid).actor)] == [
        post.id
    ]


def test_nobody_makes_themself_secretary(place: Neighbourhood) -> None:
    admin = place.admin
    assert admin.member_id is not None
    with pytest.raises(OwnRole):
        grants.give_post(admin.actor, admin.member_id, kind=PostKind.BRANCH_SECRETARY, unit_id=place.root.id)


def test_somebody_who_never_signed_in_finds_the_role_at_sign_in(place: Neighbourhood) -> None:
    phone = next_phone()
    grant = grants.invite_staff(place.admin.actor, "新社工", phone=phone, role=Role.STAMPER, unit_id=place.grid.id)
    person_id = phones.person_with(phone)
    assert person_id is not None
    member = members.member_of(place.id, person_id)
    assert member is not None
    assert grant.member_id == member.id
    again = grants.invite_staff(place.admin.actor, "别名", phone=phone, role=Role.COORDINATOR, unit_id=place.grid.id)
    assert again.member_id == member.id


def test_only_an_admin_invites_and_never_themself(place: Neighbourhood) -> None:
    phone = next_phone()
    with pytest.raises(Forbidden):
        grants.invite_staff(place.treasurer.actor, "某人", phone=phone, role=Role.STAMPER, unit_id=place.root.id)
    assert phones.person_with(phone) is None
