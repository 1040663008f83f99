"""The community's own page on the desk: what it is called, and the telephone that its people may call."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.communities import TelephoneRequestSchema
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import communities
from web.forms import send

page = Blueprint("communities", __name__)


@page.get("/c/<id:community_id>/community")
def show() -> Any:
    """What everybody knows of the community, and the form for its telephone."""
    return _show(current_actor())


def _show(actor: Actor, **again: Any) -> str:
    require(actor, "manage_community")
    return render_template("communities/show.html", **({"values": {}, "errors": {}, "refusal": None} | again))


@page.post("/c/<id:community_id>/community")
def set_telephone() -> Any:
    """Another telephone; an empty field takes it away."""
    actor = current_actor()
    return send(
        TelephoneRequestSchema(partial=True),
        lambda values: communities.set_telephone(actor, values.get("telephone")),
        to=lambda _done: url_for(".show"),
        again=lambda **again: _show(actor, **again),
    )
