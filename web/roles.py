"""The staff of the community: who holds which role, who held it, and the invitation by phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.fields import PageQuery
from api.schemas.grants import InvitationRequestSchema
from ledger.core.permissions import may
from ledger.core.tenancy import Actor
from ledger.people import grants, members, units
from ledger.people.models import STAFF_ROLES
from web.forms import ask, send
from web.words import ROLES, UNIT_KINDS

page = Blueprint("roles", __name__)


@page.get("/c/<id:community_id>/roles")
def list_all() -> Any:
    """Who holds and held which role over which part."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    asked = ask(PageQuery())
    rows = grants.roles_of(actor, after=asked["cursor"], limit=asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    names = members.shown_names(actor, [member for _, member, _ in shown])
    can_manage = may(actor, "give_roles")
    places = [one for one in units.tree_of(actor.tenant) if one.kind not in units.PARTY_LINE] if can_manage else []
    return render_template(
        "roles/list.html",
        grants=[
            {
                "id": grant.id.hex,
                "name": names[member.id],
                "role": grant.role,
                "unit": unit.name,
                "since": grant.since,
                "until": grant.until,
                "is_own": member.person_id == actor.person_id,
            }
            for grant, member, unit in shown
        ],
        roles=[(role.value, ROLES[role]) for role in STAFF_ROLES],
        units=[(one.id.hex, f"{UNIT_KINDS[one.kind]} {one.name}") for one in places],
        can_manage=can_manage,
        next_cursor=shown[-1][0].id.hex if len(rows) > len(shown) else None,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/roles")
def invite() -> Any:
    """Whoever signs in with the number holds the role."""
    actor = current_actor()
    return send(
        InvitationRequestSchema(),
        lambda values: grants.invite_staff(actor, **values),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )


@page.post("/c/<id:community_id>/roles/<id:grant_id>/end")
def end(grant_id: UUID) -> Any:
    """The role is over; it stays in the list."""
    actor = current_actor()
    return send(
        None,
        lambda _: grants.end_role(actor, grant_id),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )
