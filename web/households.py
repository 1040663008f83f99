"""Households: who lives together, and so never stamps one another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.fields import PageQuery, Sort
from api.schemas.households import HouseholdNameSchema, HouseholdRequestSchema
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import households
from ledger.people.households import HouseholdOrder
from web import members
from web.forms import ask, send
from web.last_time import as_last_time

page = Blueprint("households", __name__)


class HouseholdListQuery(PageQuery):
    """The page's own first order: staff look for a door."""

    sort = Sort(HouseholdOrder.NAME)


@page.get("/c/<id:community_id>/households")
@as_last_time(HouseholdListQuery)
def list_all() -> Any:
    """The households with their people, by name unless asked."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    require(actor, "manage_people")
    asked = ask(HouseholdListQuery())
    place = {"order": asked["sort"], "after": asked["cursor"]}
    found = households.households_of(actor.tenant, with_empty=False, **place, limit=asked["limit"] + 1)
    homes = [
        {
            "id": home.id.hex,
            "name": home.name,
            "people": [{"id": one.id.hex, "name": one.name} for one in people],
            "since": home.created_at,
        }
        for home, people in found.items()
    ]
    shown = homes[: asked["limit"]]
    return render_template(
        "households/list.html",
        households=shown,
        sort=asked["sort"],
        next_cursor=shown[-1]["id"] if len(homes) > len(shown) else None,
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
