"""Who looks at a page: the actor of the cookie, what their home is called, and where a code leads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, request

from api.auth import actor_or_none, current_actor, enter_community
from ledger.book.balances import MemberBalance, member_balance
from ledger.core import ids, walls
from ledger.core.errors import Forbidden, NotFound
from ledger.core.permissions import carried_by, require, roles_of
from ledger.core.tenancy import Actor, Role
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
    walls.enter(community_id)
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


def own_member() -> Actor:
    """The actor as the member whose own page this is; Forbidden for whoever is none here."""
    actor = current_actor()
    require(actor, "see_own", member_id=actor.member_id)
    return actor


def own_balance() -> MemberBalance:
    """The figures of the member whose own page this is."""
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    return member_balance(actor.tenant, actor.member_id, aliases=actor.aliases)


def act_for(member_id: UUID | None) -> UUID | None:
    """The page is for a member whom the actor helps, and says so in a banner; None is for oneself.

    Raises NotFound, Forbidden (they help no such member now).
    """
    if member_id is None:
        return None
    actor = current_actor()
    member = members.load_member(actor.tenant, member_id)
    if member.id not in actor.helps:
        raise Forbidden
    g.acting_for = {"id": member.id, "name": member.name}
    return member.id


def asked_for() -> UUID | None:
    """For whom the address asks to act (`?for=`); None where it does not, or where a visitor is no member."""
    actor, asked = actor_or_none(), request.args.get("for", "")
    if not asked or actor is None or actor.member_id is None:
        return None
    return act_for(ids.parse(asked) or ids.NO_SUCH_ID)


def cursor() -> UUID | None:
    """The last row of the page before this one."""
    return ids.parse(request.args.get("cursor", ""))


def _introduce() -> None:
    actor = actor_or_none()
    # Whoever looks at a public page of a community that is not theirs has no name and no rooms there.
    if actor is not None and actor.community_id is not None:
        g.me = describe(actor)


def describe(actor: Actor) -> dict[str, Any]:
    """What every page shows of its visitor: name, roles, the verbs they carry here, and those beyond oneself."""
    counters = [] if actor.member_id else communities.memberships_of(actor.person_id).counters
    name = actor.name or next((one.name for one in counters), "")
    roles = {str(grant.role) for grant in actor.grants} | {str(counter.role) for counter in actor.counters}
    permissions, desk = carried_by(roles_of(actor))
    return {
        "name": name,
        "roles": sorted(roles),
        "held_back": actor.is_held_back,
        "home": _home_of(actor),
        "permissions": permissions,
        "desk": desk,
    }


def _home_of(actor: Actor) -> str:
    """A member's own page, an owner's shop, the counter of its people, the office of those who only oversee."""
    if actor.member_id is not None:
        return "web.home.show"
    if any(counter.role is Role.OWNER for counter in actor.counters):
        return "web.storefront.show"
    return "web.tills.show_counter" if actor.counters else "web.office.show"
