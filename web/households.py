"""Households: who lives together, and so never stamps one another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.households import HouseholdRequestSchema
from ledger.core.permissions import require
from ledger.people import households
from web import members
from web.forms import send

page = Blueprint("households", __name__)


@page.get("/c/<id:community_id>/households")
def list_all() -> Any:
    """Every household with its people."""
    actor = current_actor()
    require(actor, "manage_people")
    homes = [
        {"name": home.name, "people": [one.name for one in people], "since": home.created_at}
        for home, people in households.households_of(actor.tenant).items()
        if people
    ]
    return render_template("households/list.html", households=sorted(homes, key=lambda home: home["name"]))


@page.post("/c/<id:community_id>/households")
def create() -> Any:
    """The ticked members are one household from now on."""
    actor = current_actor()
    require(actor, "manage_people")
    return send(
        HouseholdRequestSchema(),
        lambda values: households.form_household(actor, values["name"], member_ids=values["member_ids"]),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: members.show_list(actor, **again),
    )
