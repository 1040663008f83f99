"""Who holds which role over which part of the tree."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.grants import GrantPageSchema, GrantQuery, GrantRequestSchema, GrantSchema, InvitationRequestSchema
from api.writing import writes
from ledger.people import grants
from ledger.people.models import RoleGrant

blp = resource("grants", "Staff roles: given, ended, never deleted.")


@blp.get("/grants")
@blp.arguments(GrantQuery, location="query")
@blp.response(200, GrantPageSchema)
def list_grants(asked: dict[str, Any]) -> dict[str, Any]:
    """Who held what when, newest first."""
    limit = asked["limit"]
    rows = grants.roles_of(current_actor(), asked["member_id"], after=asked["cursor"], limit=limit + 1)
    return page([grant for grant, _, _ in rows], limit)


@blp.post("/grants")
@blp.arguments(GrantRequestSchema)
@blp.response(201, GrantSchema)
@writes(GrantSchema, status=201)
def post_grant(asked: dict[str, Any]) -> RoleGrant:
    """Give a role; never one's own."""
    return grants.give_role(current_actor(), asked.pop("member_id"), **asked)


@blp.post("/grants/invitations")
@blp.arguments(InvitationRequestSchema)
@blp.response(201, GrantSchema)
@writes(GrantSchema, status=201)
def post_invitation(asked: dict[str, Any]) -> RoleGrant:
    """Give a role to whoever signs in with this number, now or later."""
    return grants.invite_staff(current_actor(), asked.pop("name"), **asked)


@blp.delete("/grants/<id:grant_id>")
@blp.response(204)
@writes(None, status=204)
def delete_grant(grant_id: UUID) -> None:
    """End a role; the line stays in the history."""
    grants.end_role(current_actor(), grant_id)
