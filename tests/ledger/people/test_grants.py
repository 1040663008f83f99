"""Roles over parts of the tree: given, ended, never one's own, and what they let their holder reach."""

from __future__ import annotations

import pytest

from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.permissions import RIGHTS, may, reach
from ledger.core.tenancy import Role
from ledger.people import grants, inbox, members, moving
from ledger.people.errors import OwnRole, RoleIsWhole
from ledger.people.models import PostKind
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood, street_officer


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def give(place: Neighbourhood, person: Neighbour, role: Role, unit: object = None) -> object:
    assert person.member_id is not None
    unit_id = (unit or place.root).id  # type: ignore[attr-defined]
    return grants.give_role(place.admin.actor, person.member_id, role=role, unit_id=unit_id)


def test_a_role_holds_from_the_next_request_on(place: Neighbourhood) -> None:
    person = place.volunteer()
    assert not may(person.actor, "stamp", unit_path=place.grid.path)
    give(place, person, Role.STAMPER)
    assert may(person.actor, "stamp", unit_path=place.grid.path)


def test_who_gets_or_loses_an_office_or_moves_is_told(place: Neighbourhood) -> None:
    lin, admin = place.volunteer(), place.admin.actor
    role = grants.give_role(admin, lin.member_id, role=Role.COORDINATOR, unit_id=place.grid.id)
    post = grants.give_post(admin, lin.member_id, kind=PostKind.UNIT_STEWARD, unit_id=place.grid.id)
    moving.move_members(admin, place.grid.id, member_ids=[lin.member_id, place.volunteer().member_id])
    moving.move_members(admin, place.grid.id, member_ids=[lin.member_id])
    grants.end_post(admin, post.id)
    grants.end_role(admin, role.id)
    told = [seen.notice.kind for seen in inbox.list_notices(lin.actor)]
    assert told == [f"people.{what}" for what in ("role_ended", "post_ended", "moved", "post_given", "role_given")]
    assert inbox.list_notices(lin.actor)[0].by_name == place.admin.name


def test_an_ended_role_is_gone_at_once_and_stays_in_the_history(place: Neighbourhood) -> None:
    person = place.volunteer()
    grant = give(place, person, Role.STAMPER)
    grants.end_role(place.admin.actor, grant.id)  # type: ignore[attr-defined]
    assert not may(person.actor, "stamp", unit_path=place.grid.path)
    history = grants.roles_of(place.admin.actor, person.member_id)
    assert [(row.role, row.until is not None) for row, _, _ in history] == [("stamper", True)]
    with pytest.raises(WrongState):
        grants.end_role(place.admin.actor, grant.id)  # type: ignore[attr-defined]


def test_a_right_ends_at_the_holders_part_of_the_tree(place: Neighbourhood) -> None:
    other = place.grid_beside()
    person = place.staff(Role.STAMPER, unit=place.grid)
    assert may(person.actor, "stamp", unit_path=place.micro_grid.path)
    assert not may(person.actor, "stamp", unit_path=other.path)
    assert not may(person.actor, "stamp", unit_path=place.root.path)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.TREASURER, Role.SUPERVISOR])
def test_a_role_over_the_whole_community_is_not_given_over_a_part(place: Neighbourhood, role: Role) -> None:
    with pytest.raises(RoleIsWhole):
        give(place, place.volunteer(), role, place.grid)


def test_nobody_gives_or_ends_their_own_role(place: Neighbourhood) -> None:
    admin = place.admin
    with pytest.raises(OwnRole):
        give(place, admin, Role.TREASURER)
    own = next(row for row, member, _ in grants.roles_of(admin.actor) if member.id == admin.member_id)
    with pytest.raises(OwnRole):
        grants.end_role(admin.actor, own.id)


def test_the_same_role_is_not_given_twice(place: Neighbourhood) -> None:
    person = place.volunteer()
    give(place, person, Role.STAMPER)
    with pytest.raises(AlreadyExists):
        give(place, person, Role.STAMPER)


def test_only_an_admin_gives_roles(place: Neighbourhood) -> None:
    person = place.volunteer()
    for giver in (place.treasurer, place.stamper, place.supervisor, place.coordinator):
        assert person.member_id is not None
        with pytest.raises(Forbidden):
            grants.give_role(giver.actor, person.member_id, role=Role.ADMIN, unit_id=place.root.id)


def test_a_member_of_another_community_does_not_exist(place: Neighbourhood) -> None:
    stranger = open_neighbourhood("北华社区").volunteer()
    with pytest.raises(NotFound):
        give(place, stranger, Role.STAMPER)


def test_a_person_may_hold_several_posts(place: Neighbourhood) -> None:
    person = place.volunteer()
    assert person.member_id is not None
    for kind in (PostKind.MICRO_GRID_LEADER, PostKind.BRANCH_SECRETARY):
        grants.give_post(place.admin.actor, person.member_id, kind=kind, unit_id=place.micro_grid.id)
    assert [post.kind for post in grants.posts_of(place.id, [person.member_id])] == [
        "micro_grid_leader",
        "branch_secretary",
    ]
    assert person.actor.has(Role.SECRETARY)


def test_the_street_sees_members_masked_and_holds_no_wallet(place: Neighbourhood) -> None:
    place.volunteer("林秀芳")
    officer = street_officer(place.community)
    assert officer.actor.member_id is None
    assert members.is_masked_for(officer.actor)
    assert [member.name for member, _ in members.list_members(officer.actor)][:1] == ["林秀芳"]
    assert reach(officer.actor, "redeem") == {}


def test_unlisted_is_refused_for_every_verb_and_role(place: Neighbourhood) -> None:
    """The union of roles is a union of rows of the one table: a role that a row does not name gains nothing."""
    supervisor = place.supervisor.actor
    for verb, row in RIGHTS.items():
        allowed = {Role.SUPERVISOR, Role.VOLUNTEER} & row.keys()
        assert set(reach(supervisor, verb)) == allowed
