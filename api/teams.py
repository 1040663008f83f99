"""Service teams."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.teams import (
    TeamChangeSchema,
    TeamMemberRequestSchema,
    TeamPageSchema,
    TeamQuery,
    TeamRequestSchema,
    TeamSchema,
)
from api.writing import writes
from ledger.core.tenancy import Actor
from ledger.people import members, teams
from ledger.people.team_models import Team

blp = resource("teams", "Service teams (志愿服务队) with their leaders and members.")


@blp.get("/teams")
@blp.arguments(TeamQuery, location="query")
@blp.response(200, TeamPageSchema)
def list_teams(asked: dict[str, Any]) -> dict[str, Any]:
    """The teams of my part and those I am in, newest first unless asked by name."""
    actor = current_actor()
    rows = teams.list_teams(actor, order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1)
    return page([_shown(actor, one) for one in rows], asked["limit"])


@blp.post("/teams")
@blp.arguments(TeamRequestSchema)
@blp.response(201, TeamSchema)
@writes(TeamSchema, status=201)
def post_team(asked: dict[str, Any]) -> dict[str, Any]:
    """Form a team with its leader."""
    actor = current_actor()
    return _seen(actor, teams.form_team(actor, asked.pop("name"), **asked))


@blp.get("/teams/<id:team_id>")
@blp.response(200, TeamSchema)
def get_team(team_id: UUID) -> dict[str, Any]:
    """One team."""
    actor = current_actor()
    return _shown(actor, teams.see_team(actor, team_id))


@blp.patch("/teams/<id:team_id>")
@blp.arguments(TeamChangeSchema)
@blp.response(200, TeamSchema)
@writes(TeamSchema)
def patch_team(asked: dict[str, Any], team_id: UUID) -> dict[str, Any]:
    """Another name, another leader."""
    actor = current_actor()
    return _seen(actor, teams.change_team(actor, team_id, **asked))


@blp.post("/teams/<id:team_id>/members")
@blp.arguments(TeamMemberRequestSchema)
@blp.response(200, TeamSchema)
@writes(TeamSchema)
def post_member(asked: dict[str, Any], team_id: UUID) -> dict[str, Any]:
    """One more member."""
    actor = current_actor()
    return _seen(actor, teams.add_to_team(actor, team_id, asked["member_id"]))


@blp.delete("/teams/<id:team_id>/members/<id:member_id>")
@blp.response(204)
@writes(None, status=204)
def delete_member(team_id: UUID, member_id: UUID) -> None:
    """One member fewer: by staff, or the member's own leaving."""
    teams.leave_team(current_actor(), team_id, member_id)


@blp.post("/teams/<id:team_id>/end")
@blp.response(200, TeamSchema)
@writes(TeamSchema)
def post_end(team_id: UUID) -> dict[str, Any]:
    """The team is no more."""
    actor = current_actor()
    return _seen(actor, teams.end_team(actor, team_id))


def _seen(actor: Actor, team: Team) -> dict[str, Any]:
    return _shown(actor, teams.see_team(actor, team.id))


def _shown(actor: Actor, view: teams.TeamView) -> dict[str, Any]:
    names = members.shown_names(actor, view.members)
    columns = ("id", "name", "unit_id", "leader_id", "since", "until")
    return {name: getattr(view.team, name) for name in columns} | {
        "size": view.size,
        "members": [{"member_id": one.id, "name": names[one.id]} for one in view.members],
    }
