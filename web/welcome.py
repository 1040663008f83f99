"""The front door."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from api.auth import actor_or_none, public
from ledger.people import communities

page = Blueprint("welcome", __name__)


@page.get("/")
@public
def show() -> Any:
    """Signed out: what this is and the way in. One community: its home. Several: a choice of them.
    Who keeps the platform and belongs to none is led to the tools."""
    actor = actor_or_none()
    doors = communities.communities_of(actor.person_id) if actor else []
    if len(doors) == 1:
        return redirect(url_for("web.home.show", community_id=doors[0].id))
    operates = actor is not None and not doors and communities.is_operator(actor)
    return render_template("welcome.html", communities=doors, signed_in=actor is not None, operates=operates)
