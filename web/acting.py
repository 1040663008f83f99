"""Who looks at a page: the actor of the cookie, what their home is called, and where a code leads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g

from api.auth import actor_or_none, enter_community
from ledger.core.errors import NotFound
from ledger.core.permissions import RIGHTS, reach
from ledger.core.tenancy import Actor
from ledger.people import communities, members
from ledger.people.models import Community
from web.languages import language


def know_visitor() -> None:
    """Before each page: its language, and on a community's page who looks at it."""
    g.language = language()
    if g.get("community_id") is not None:
        g.community = members.load_community(g.community_id)
        _introduce()


def enter_with_code(community_id: UUID) -> Actor | None:
    """A scanned code leads into its community: the visitor as its member, or None for somebody who is none yet."""
    g.community = members.load_community(community_id)
    if actor_or_none() is None:
        return None
    try:
        actor = enter_community(community_id)
    except NotFound:
        return None
    g.community_id = community_id
    _introduce()
    return actor


def community_of_code(code: str) -> Community:
    """The community whose short code a public code starts with; NotFound otherwise."""
    found = communities.with_short_code(code.partition("-")[0].upper()[:6])
    if found is None:
        raise NotFound
    return found


def _introduce() -> None:
    actor = actor_or_none()
    if actor is not None:
        g.me = describe(actor)


def describe(actor: Actor) -> dict[str, Any]:
    """What every page shows of its visitor: name, roles, and the verbs that some role of theirs carries here."""
    member = members.member_of(actor.tenant, actor.person_id) if actor.member_id else None
    counters = communities.memberships_of(actor.person_id).counters if member is None else []
    name = member.name if member else next((one.name for one in counters), "")
    roles = {str(grant.role) for grant in actor.grants} | {str(counter.role) for counter in actor.counters}
    return {"name": name, "roles": sorted(roles), "permissions": {verb for verb in RIGHTS if reach(actor, verb)}}
