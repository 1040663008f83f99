"""Service teams: formed, led, joined, left, ended; seen as far as their part and their people are."""

from __future__ import annotations

import pytest

from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.tenancy import Role
from ledger.people import moving, teams, units
from ledger.people.errors import NotInTeam, UnitInUse
from ledger.people.team_models import Team
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def form(place: Neighbourhood, leader: Neighbour, *more: Neighbour) -> Team:
    assert leader.member_id is not None
    ids = [one.member_id for one in more if one.member_id is not None]
    return teams.form_team(
        place.admin.actor, "晚霞巡逻队", unit_id=place.grid.id, leader_id=leader.member_id, member_ids=ids
    )


def test_the_leader_is_a_member_of_the_team(place: Neighbourhood) -> None:
    lin, chen = place.volunteer(), place.volunteer("陈刚")
    seen = teams.see_team(place.admin.actor, form(place, lin, chen).id)
    assert (seen.size, {one.id for one in seen.members}) == (2, {lin.member_id, chen.member_id})


def test_nobody_is_in_a_team_twice(place: Neighbourhood) -> None:
    lin = place.volunteer()
    team = form(place, lin)
    assert lin.member_id is not None
    with pytest.raises(AlreadyExists):
        teams.add_to_team(place.admin.actor, team.id, lin.member_id)


def test_a_leader_leaves_only_when_another_leads(place: Neighbourhood) -> None:
    lin, chen = place.volunteer(), place.volunteer("陈刚")
    team = form(place, lin)
    assert lin.member_id is not None
    with pytest.raises(NotInTeam):
        teams.leave_team(lin.actor, team.id, lin.member_id)
    teams.change_team(place.admin.actor, team.id, leader_id=chen.member_id)
    teams.leave_team(lin.actor, team.id, lin.member_id)
    assert [one.id for one in teams.see_team(place.admin.actor, team.id).members] == [chen.member_id]


def test_a_member_leaves_for_themself_alone(place: Neighbourhood) -> None:
    lin, chen = place.volunteer(), place.volunteer("陈刚")
    team = form(place, lin, chen)
    assert chen.member_id is not None
    with pytest.raises(Forbidden):
        teams.leave_team(lin.actor, team.id, chen.member_id)


def test_an_ended_team_has_nobody_and_frees_its_unit(place: Neighbourhood) -> None:
    lin, beside = place.volunteer(), place.grid_beside()
    assert lin.member_id is not None
    team = teams.form_team(place.admin.actor, "送餐队", unit_id=beside.id, leader_id=lin.member_id)
    with pytest.raises(UnitInUse):
        units.end_unit(place.admin.actor, beside.id)
    teams.end_team(place.admin.actor, team.id)
    assert teams.list_teams(place.admin.actor) == []
    assert teams.see_team(place.admin.actor, team.id).size == 0
    with pytest.raises(WrongState):
        teams.end_team(place.admin.actor, team.id)
    units.end_unit(place.admin.actor, beside.id)


def test_a_team_is_seen_in_its_part_and_by_its_members(place: Neighbourhood) -> None:
    lin, chen, wang = (place.volunteer(name) for name in ("林秀芳", "陈刚", "王五"))
    team = form(place, lin, chen)
    own, sibling = (place.staff(Role.COORDINATOR, unit=unit) for unit in (place.grid, place.grid_beside()))
    for who, sees in ((own, True), (lin, True), (place.supervisor, True), (sibling, False), (wang, False)):
        assert [one.team.id for one in teams.list_teams(who.actor)] == ([team.id] if sees else [])
        if not sees:
            with pytest.raises(Forbidden):
                teams.see_team(who.actor, team.id)


def test_whoever_moved_away_is_counted_but_no_longer_named_to_the_old_part(place: Neighbourhood) -> None:
    lin, chen, beside = place.volunteer(), place.volunteer("陈刚"), place.grid_beside()
    team = form(place, lin, chen)
    own = place.staff(Role.COORDINATOR, unit=place.grid)
    assert chen.member_id is not None
    moving.move_members(place.admin.actor, beside.id, member_ids=[chen.member_id])
    seen = teams.see_team(own.actor, team.id)
    assert (seen.size, [one.id for one in seen.members]) == (2, [lin.member_id])


def test_only_an_admin_forms_teams(place: Neighbourhood) -> None:
    lin = place.volunteer()
    assert lin.member_id is not None
    for who in (place.coordinator, place.stamper, place.supervisor, lin):
        with pytest.raises(Forbidden):
            teams.form_team(who.actor, "队", unit_id=place.grid.id, leader_id=lin.member_id)
