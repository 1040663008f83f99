"""The front door."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for

from api.auth import actor_or_none, public
from ledger.core.tenancy import Actor
from ledger.people import communities, members

page = Blueprint("welcome", __name__)


class Door(NamedTuple):
    """One community that a person may enter."""

    id: UUID
    name: str


def _doors(actor: Actor | None) -> list[Door]:
    """Where the person is a member, stands behind a counter or oversees, in that order."""
    if actor is None:
        return []
    found = communities.memberships_of(actor.person_id)
    doors = {community.id: Door(community.id, community.name) for _, community in found.members}
    for counter in found.counters:
        if counter.community_id not in doors:
            doors[counter.community_id] = Door(counter.community_id, members.load_community(counter.community_id).name)
    for community in communities.overseen_by(actor.person_id):
        doors.setdefault(community.id, Door(community.id, community.name))
    return list(doors.values())


@page.get("/")
@public
def show() -> Any:
    """Signed out: what this is and the way in. One community: its home. Several: a choice of them."""
    actor = actor_or_none()
    doors = _doors(actor)
    if len(doors) == 1:
        return redirect(url_for("web.home.show", community_id=doors[0].id))
    return render_template("welcome.html", communities=doors, signed_in=actor is not None)
