"""What has changed in the community since its first day: places, posts, roles and teams in every state."""

from __future__ import annotations

from api.commands.demo.town import Town
from ledger.core.tenancy import Role
from ledger.people import grants, moving, teams, units
from ledger.people.models import PostKind, UnitKind


def arrange(town: Town) -> None:
    """A place that moved and ended, a post and a role that ended, somebody who moved, teams and one that is no more."""
    admin, people = town.cast["admin"], town.residents
    first, second = town.entrances[0], town.entrances[1]
    assert first.parent_id is not None
    assert second.parent_id is not None
    shed = units.add_unit(admin, "临时登记点", kind=UnitKind.ENTRANCE, parent_id=first.parent_id)
    units.move_unit(admin, shed.id, second.parent_id)
    units.rename_unit(admin, shed.id, "旧登记点")
    units.end_unit(admin, shed.id)
    post = grants.give_post(admin, people[20].member_id, kind=PostKind.BUILDING_LEADER, unit_id=first.parent_id)
    grants.end_post(admin, post.id)
    grants.give_post(admin, people[21].member_id, kind=PostKind.BUILDING_LEADER, unit_id=first.parent_id)
    role = grants.give_role(admin, people[22].member_id, role=Role.STAMPER, unit_id=town.grids[0].id)
    grants.end_role(admin, role.id)
    supervisor = town.cast["supervisor"].member_id
    assert supervisor is not None
    moving.move_members(admin, town.micro_grids[0].id, member_ids=[supervisor])
    _form_teams(town)


def _form_teams(town: Town) -> None:
    admin, people = town.cast["admin"], town.residents
    for number, name in enumerate(("晚霞巡逻队", "暖心送餐队", "旧物改造队")):
        leader, *others = people[30 + 5 * number : 35 + 5 * number]
        team = teams.form_team(
            admin,
            name,
            unit_id=town.grids[number].id if number else town.root.id,
            leader_id=leader.member_id,
            member_ids=[one.member_id for one in others],
        )
    teams.end_team(admin, team.id)
