"""Households."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.households import HouseholdPageSchema, HouseholdRequestSchema, HouseholdSchema
from api.writing import writes
from ledger.core.permissions import require
from ledger.people import households

blp = resource("households", "People of one home, who never stamp one another.")


@blp.get("/households")
@blp.arguments(PageQuery, location="query")
@blp.response(200, HouseholdPageSchema)
def list_households(asked: dict[str, Any]) -> dict[str, Any]:
    """The households with their members, newest first."""
    actor = current_actor()
    require(actor, "manage_people")
    rows = households.households_of(actor.tenant, after=asked["cursor"], limit=asked["limit"] + 1)
    return page([_shown(home, people) for home, people in rows.items()], asked["limit"])


@blp.post("/households")
@blp.arguments(HouseholdRequestSchema)
@blp.response(201, HouseholdSchema)
@writes(HouseholdSchema, status=201)
def post_household(asked: dict[str, Any]) -> dict[str, Any]:
    """These members are one household from now on."""
    home = households.form_household(current_actor(), asked["name"], member_ids=asked["member_ids"])
    return {"id": home.id, "name": home.name, "member_ids": asked["member_ids"]}


def _shown(home: Any, people: list[Any]) -> dict[str, Any]:
    return {"id": home.id, "name": home.name, "member_ids": [member.id for member in people]}
