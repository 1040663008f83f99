"""Service teams (志愿服务队) of a part of the community: a leader, members, and who was one when."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.orders import NEWEST, Order, arrange
from ledger.core.permissions import may, places_reached, reach, reaches_all, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people import members
from ledger.people.errors import NotInTeam
from ledger.people.models import Member, MemberState, PlaceUnit
from ledger.people.team_models import Team, TeamMember
from ledger.people.units import hold_unit, require_live


class TeamOrder(StrEnum):
    """How the teams are sorted: what was formed last comes first, or by pinyin."""

    NEWEST = "newest"
    NAME = "name"


_ORDERS = {TeamOrder.NEWEST: NEWEST, TeamOrder.NAME: Order(Team.sort_key)}


class TeamView(NamedTuple):
    """A team with its unit, how many are in it now, and those of them that the actor may see."""

    team: Team
    unit: PlaceUnit
    size: int
    members: list[Member]


@atomic
def form_team(actor: Actor, name: str, *, unit_id: UUID, leader_id: UUID, member_ids: Collection[UUID] = ()) -> Team:
    """The team exists with its leader and members.

    Raises NotFound (unit, a member), WrongState (a member who left), Forbidden, UnitEnded.
    """
    unit = hold_unit(actor.tenant, unit_id)
    leader = _active(actor, leader_id)
    require(actor, "manage_people", unit_path=unit.path)
    require_live(unit)
    team = Team(
        community_id=actor.tenant,
        id=new_id(),
        name=name,
        sort_key=members.sort_key(name),
        unit_id=unit.id,
        leader_id=leader.id,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(team)
    db.session.flush()
    audit.record(actor, "people.form_team", team.id, unit_id=unit.id.hex)
    for member_id in dict.fromkeys((leader.id, *member_ids)):
        _add(actor, team, member_id)
    return team


def _active(actor: Actor, member_id: UUID) -> Member:
    """The member that this id stands for: NotFound, WrongState (left)."""
    member = members.load_member(actor.tenant, member_id)
    if member.state != MemberState.ACTIVE:
        raise WrongState(state=member.state)
    return member


def _changing(actor: Actor, team_id: UUID) -> Team:
    """A live team, locked: NotFound, Forbidden, WrongState (ended)."""
    team = load(actor.tenant, Team, team_id, lock=True)
    require(actor, "manage_people", unit_path=load(actor.tenant, PlaceUnit, team.unit_id).path)
    if team.until is not None:
        raise WrongState(state="ended")
    return team


@atomic
def change_team(actor: Actor, team_id: UUID, *, name: str | None = None, leader_id: UUID | None = None) -> Team:
    """The team has another name, another leader (who becomes a member), or both; None stays as it is.

    Raises NotFound (team, leader), Forbidden, WrongState.
    """
    team = _changing(actor, team_id)
    if name is not None:
        team.name, team.sort_key = name, members.sort_key(name)
    if leader_id is not None:
        leader = _active(actor, leader_id)
        if _place_of(team, leader.id) is None:
            _add(actor, team, leader.id)
        team.leader_id = leader.id
    db.session.flush()
    audit.record(actor, "people.change_team", team.id, leader_id=team.leader_id.hex)
    return team


@atomic
def add_to_team(actor: Actor, team_id: UUID, member_id: UUID) -> Team:
    """The member is in the team. Raises NotFound, Forbidden, WrongState, AlreadyExists."""
    team = _changing(actor, team_id)
    _add(actor, team, member_id)
    return team


def _add(actor: Actor, team: Team, member_id: UUID) -> None:
    member = _active(actor, member_id)
    if _place_of(team, member.id) is not None:
        raise AlreadyExists
    place = TeamMember(
        community_id=actor.tenant,
        id=new_id(),
        team_id=team.id,
        member_id=member.id,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(place)
    db.session.flush()
    audit.record(actor, "people.add_to_team", team.id, member_id=member.id.hex)


def _place_of(team: Team, member_id: UUID) -> TeamMember | None:
    query = scoped(team.community_id, TeamMember).where(
        TeamMember.team_id == team.id, TeamMember.member_id == member_id, TeamMember.until.is_(None)
    )
    place: TeamMember | None = db.session.scalars(query).one_or_none()
    return place


@atomic
def leave_team(actor: Actor, team_id: UUID, member_id: UUID) -> Team:
    """The member is in the team no more; a leader is followed by another first. By staff, or by the member themself.

    Raises NotFound, Forbidden, WrongState (ended), NotInTeam (also for its leader).
    """
    team = load(actor.tenant, Team, team_id, lock=True)
    unit = load(actor.tenant, PlaceUnit, team.unit_id)
    member = members.load_member(actor.tenant, member_id)
    if member.id != actor.member_id:
        require(actor, "manage_people", unit_path=unit.path)
    if team.until is not None:
        raise WrongState(state="ended")
    place = _place_of(team, member.id)
    if place is None or team.leader_id == member.id:
        raise NotInTeam
    place.until = clock.now()
    db.session.flush()
    audit.record(actor, "people.leave_team", team.id, member_id=member.id.hex)
    return team


@atomic
def end_team(actor: Actor, team_id: UUID) -> Team:
    """The team is no more, and nobody is in it; who was stays known. Raises NotFound, Forbidden, WrongState."""
    team = _changing(actor, team_id)
    team.until = clock.now()
    places = update(TeamMember).where(
        within(actor.tenant, TeamMember), TeamMember.team_id == team.id, TeamMember.until.is_(None)
    )
    db.session.execute(places.values(until=team.until))
    db.session.flush()
    audit.record(actor, "people.end_team", team.id)
    return team


def list_teams(
    actor: Actor, *, order: TeamOrder = TeamOrder.NEWEST, after: UUID | None = None, limit: int = 50
) -> list[TeamView]:
    """The live teams of the actor's part and those they are in. Raises Forbidden."""
    query = scoped(actor.tenant, Team, PlaceUnit).where(
        PlaceUnit.id == Team.unit_id, Team.until.is_(None), _visible(actor)
    )
    query = arrange(query, _ORDERS[order], Team.id, rows=scoped(actor.tenant, Team), after=after)
    return _views(actor, list(db.session.execute(query.limit(limit)).tuples()))


def see_team(actor: Actor, team_id: UUID) -> TeamView:
    """One team, ended or not, by the same rule as the list. Raises NotFound, Forbidden."""
    team = load(actor.tenant, Team, team_id)
    unit = load(actor.tenant, PlaceUnit, team.unit_id)
    is_in_it = actor.member_id is not None and _place_of(team, actor.member_id) is not None
    if not (is_in_it or may(actor, "see_members", unit_path=unit.path)):
        raise Forbidden
    return _views(actor, [(team, unit)])[0]


def _visible(actor: Actor) -> ColumnElement[bool]:
    scopes = reach(actor, "see_members")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return Team.id.is_not(None)
    mine = select(TeamMember.team_id).where(
        within(actor.tenant, TeamMember), TeamMember.member_id == actor.member_id, TeamMember.until.is_(None)
    )
    parts: list[ColumnElement[bool]] = [Team.id.in_(mine)]
    return or_(*parts, *places_reached(actor, scopes, PlaceUnit.path))


def _views(actor: Actor, rows: list[tuple[Team, PlaceUnit]]) -> list[TeamView]:
    """With the members of each team: all are counted, those whom the actor sees anyway are named."""
    ids = [team.id for team, _ in rows]
    inside = scoped(actor.tenant, TeamMember.team_id, Member).where(
        TeamMember.team_id.in_(ids), TeamMember.until.is_(None), Member.id == TeamMember.member_id
    )
    everybody = db.session.execute(inside.order_by(TeamMember.id)).tuples().all()
    seen = select(Member.id).join(PlaceUnit, PlaceUnit.id == Member.unit_id)
    seen = seen.where(within(actor.tenant, Member, PlaceUnit), members.visible_part(actor, "see_members"))
    known = set(db.session.scalars(seen.where(Member.id.in_({member.id for _, member in everybody}))))
    return [
        TeamView(
            team,
            unit,
            size=sum(team_id == team.id for team_id, _ in everybody),
            members=[member for team_id, member in everybody if team_id == team.id and member.id in known],
        )
        for team, unit in rows
    ]
