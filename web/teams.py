"""Service teams: formed of the ticked members, led, named, ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from marshmallow import fields, validate

from api.auth import current_actor
from api.schemas.fields import Id, Schema, Text
from api.schemas.teams import TeamChangeSchema, TeamQuery
from ledger.core.errors import Forbidden
from ledger.core.permissions import is_of_oneself, may, reach, require
from ledger.core.tenancy import Actor
from ledger.people import members, teams
from web import members as people_page
from web.forms import ask, send
from web.last_time import as_last_time

page = Blueprint("teams", __name__)


class NewTeamSchema(Schema):
    """The ticked members form a team; the first of them leads it until another is chosen."""

    team_name = Text(80, least=1, required=True)
    team_unit_id = Id(required=True)
    member_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=200))


@page.get("/c/<id:community_id>/teams")
@as_last_time(TeamQuery)
def list_all() -> Any:
    """The teams of the part that one sees."""
    actor, asked = current_actor(), ask(TeamQuery())
    if all(map(is_of_oneself, reach(actor, "see_members").values())):
        raise Forbidden
    rows = teams.list_teams(actor, order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    return render_template(
        "teams/list.html",
        teams=[_shown(actor, one) for one in shown],
        sort=asked["sort"],
        next_cursor=shown[-1].team.id.hex if len(rows) > len(shown) else None,
    )


def _shown(actor: Actor, view: teams.TeamView) -> dict[str, Any]:
    names = members.shown_names(actor, view.members)
    return {
        "id": view.team.id.hex,
        "name": view.team.name,
        "unit": view.unit.name,
        "size": view.size,
        "leader": names.get(view.team.leader_id, ""),
        "leader_id": view.team.leader_id.hex,
        "since": view.team.since,
        "until": view.team.until,
        "people": [{"id": one.id.hex, "name": names[one.id]} for one in view.members],
    }


@page.post("/c/<id:community_id>/teams")
def create() -> Any:
    """The ticked members are a team."""
    actor = current_actor()
    require(actor, "manage_people")
    return send(
        NewTeamSchema(),
        lambda values: _formed(actor, **values),
        to=lambda team_id: url_for(".show", team_id=team_id),
        again=lambda **again: people_page.show_list(actor, **again),
    )


def _formed(actor: Actor, *, team_name: str, team_unit_id: UUID, member_ids: list[UUID]) -> UUID:
    first, *others = member_ids
    return teams.form_team(actor, team_name, unit_id=team_unit_id, leader_id=first, member_ids=others).id


@page.get("/c/<id:community_id>/teams/<id:team_id>")
def show(team_id: UUID) -> Any:
    """One team: leader and members."""
    return _sheet(current_actor(), team_id)


def _sheet(actor: Actor, team_id: UUID, **again: Any) -> str:
    if all(map(is_of_oneself, reach(actor, "see_members").values())):
        raise Forbidden
    team = _shown(actor, teams.see_team(actor, team_id))
    return render_template(
        "teams/show.html",
        team=team,
        leaders=[(one["id"], one["name"]) for one in team["people"]],
        can_manage=may(actor, "manage_people") and team["until"] is None,
        **({"values": {"name": team["name"], "leader_id": team["leader_id"]}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/teams/<id:team_id>")
def change(team_id: UUID) -> Any:
    """Another name or leader."""
    actor = current_actor()
    return send(
        TeamChangeSchema(),
        lambda values: teams.change_team(actor, team_id, **values),
        to=lambda _: url_for(".show", team_id=team_id),
        again=lambda **again: _sheet(actor, team_id, **again),
    )


@page.post("/c/<id:community_id>/teams/<id:team_id>/members/<id:member_id>/leave")
def leave(team_id: UUID, member_id: UUID) -> Any:
    """One member fewer."""
    actor = current_actor()
    return send(
        None,
        lambda _: teams.leave_team(actor, team_id, member_id),
        to=lambda _: url_for(".show", team_id=team_id),
        again=lambda **again: _sheet(actor, team_id, **again),
    )


@page.post("/c/<id:community_id>/teams/<id:team_id>/end")
def end(team_id: UUID) -> Any:
    """The team is no more."""
    actor = current_actor()
    return send(
        None,
        lambda _: teams.end_team(actor, team_id),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _sheet(actor, team_id, **again),
    )
