"""Households: who lives together, and so never stamps one another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.households import HouseholdNameSchema, HouseholdRequestSchema
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import households
from web import members
from web.forms import send

page = Blueprint("households", __name__)


@page.get("/c/<id:community_id>/households")
def list_all() -> Any:
    """Every household with its people."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    require(actor, "manage_people")
    homes = [
        {
            "id": home.id.hex,
            "name": home.name,
            "people": [{"id": one.id.hex, "name": one.name} for one in people],
            "since": home.created_at,
        }
        for home, people in households.households_of(actor.tenant).items()
        if people
    ]
    return render_template(
        "households/list.html",
        households=sorted(homes, key=lambda home: str(home["name"])),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


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


@page.post("/c/<id:community_id>/households/<id:household_id>/name")
def rename(household_id: UUID) -> Any:
    """The household is called otherwise."""
    actor = current_actor()
    return send(
        HouseholdNameSchema(),
        lambda values: households.rename_household(actor, household_id, values["name"]),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )


@page.post("/c/<id:community_id>/households/<id:household_id>/members/<id:member_id>/leave")
def leave(household_id: UUID, member_id: UUID) -> Any:
    """The member belongs to no household."""
    actor = current_actor()
    return send(
        None,
        lambda _: households.leave_household(actor, member_id, household_id=household_id),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )
