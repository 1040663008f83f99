"""GET /me, my sessions, my consents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import global_resource
from api.schemas.me import ConsentChangeSchema, ConsentsSchema, MeSchema, SessionListSchema, SignedOutSchema
from api.writing import writes
from ledger.core import walls
from ledger.core.permissions import RIGHTS, reach
from ledger.core.tenancy import Actor
from ledger.people import communities, consents, grants, sessions

blp = global_resource("me", "The person who is signed in.")


@blp.get("/me")
@blp.response(200, MeSchema)
def get_me() -> dict[str, Any]:
    """Who I am, where I belong and what I may do there."""
    actor = current_actor()
    found = communities.memberships_of(actor.person_id)
    return {
        "person": {"id": actor.person_id},
        "memberships": [_membership(actor, member, community) for member, community in found.members],
        "counters": found.counters,
        "oversight": found.oversight,
    }


def _membership(actor: Actor, member: Any, community: Any) -> dict[str, Any]:
    inside = sessions.enter(actor, community.id)
    with walls.inside(community.id):
        posts = grants.posts_of(community.id, [member.id])
    return {
        "community_id": community.id,
        "community_name": community.name,
        "member_id": member.id,
        "member_name": member.name,
        "roles": sorted({str(grant.role) for grant in inside.grants} | {"volunteer"}),
        "posts": [post.kind for post in posts],
        "unit_id": member.unit_id,
        "permissions": sorted(verb for verb in RIGHTS if reach(inside, verb)),
    }


@blp.get("/me/sessions")
@blp.response(200, SessionListSchema)
def list_sessions() -> dict[str, Any]:
    """Where I am signed in."""
    actor = current_actor()
    names = ("id", "kind", "label", "created_at", "expires_at", "last_seen_on")
    rows = [{name: getattr(one, name) for name in names} for one in sessions.mine(actor)]
    return {"items": [row | {"is_current": row["id"] == actor.session_id} for row in rows]}


@blp.post("/me/sessions/revoke-others")
@blp.response(200, SignedOutSchema)
@writes(SignedOutSchema)
def post_revoke_others() -> dict[str, Any]:
    """Sign out everywhere but here, at once; tokens live on."""
    return {"signed_out": sessions.revoke_others(current_actor())}


@blp.delete("/me/sessions/<id:session_id>")
@blp.response(204)
@writes(None, status=204)
def delete_session(session_id: UUID) -> None:
    """Sign out there, at once."""
    sessions.revoke(current_actor(), session_id)


@blp.get("/me/consents")
@blp.response(200, ConsentsSchema)
def list_consents() -> dict[str, Any]:
    """What I consent to now, since when, and what I gave and withdrew before."""
    return _consents(current_actor().person_id)


@blp.post("/me/consents")
@blp.arguments(ConsentChangeSchema)
@blp.response(200, ConsentsSchema)
@writes(ConsentsSchema)
def change_consent(asked: dict[str, Any]) -> dict[str, Any]:
    """Give or withdraw consent to one purpose, in one step."""
    actor = current_actor()
    consents.change(actor, asked["purpose"], given=asked["given"])
    return _consents(actor.person_id)


def _consents(person_id: UUID) -> dict[str, Any]:
    found = consents.standing(person_id)
    return {
        "given": sorted(one.purpose for one in found if one.given_at is not None),
        "purposes": found,
        "history": consents.history(person_id),
    }
