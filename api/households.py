"""Households."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.households import (
    HouseholdMemberSchema,
    HouseholdNameSchema,
    HouseholdPageSchema,
    HouseholdQuery,
    HouseholdRequestSchema,
    HouseholdSchema,
)
from api.writing import writes
from ledger.core.permissions import require
from ledger.people import households

blp = resource("households", "People of one home, who never stamp one another.")


@blp.get("/households")
@blp.arguments(HouseholdQuery, location="query")
@blp.response(200, HouseholdPageSchema)
def list_households(asked: dict[str, Any]) -> dict[str, Any]:
    """The households with their members, newest first unless asked by name."""
    actor = current_actor()
    require(actor, "manage_people")
    rows = households.households_of(actor.tenant, order=asked["sort"], after=asked["cursor"], limit=asked["limit"] + 1)
    return page([_shown(home, people) for home, people in rows.items()], asked["limit"])


@blp.post("/households")
@blp.arguments(HouseholdRequestSchema)
@blp.response(201, HouseholdSchema)
@writes(HouseholdSchema, status=201)
def post_household(asked: dict[str, Any]) -> dict[str, Any]:
    """These members are one household from now on."""
    home = households.form_household(current_actor(), asked["name"], member_ids=asked["member_ids"])
    return {"id": home.id, "name": home.name, "member_ids": asked["member_ids"]}


@blp.get("/households/<id:household_id>")
@blp.response(200, HouseholdSchema)
def get_household(household_id: UUID) -> dict[str, Any]:
    """One household."""
    return _shown(*households.see_household(current_actor(), household_id))


@blp.patch("/households/<id:household_id>")
@blp.arguments(HouseholdNameSchema)
@blp.response(200, HouseholdSchema)
@writes(HouseholdSchema)
def patch_household(asked: dict[str, Any], household_id: UUID) -> dict[str, Any]:
    """Another name."""
    actor = current_actor()
    households.rename_household(actor, household_id, asked["name"])
    return _shown(*households.see_household(actor, household_id))


@blp.post("/households/<id:household_id>/members")
@blp.arguments(HouseholdMemberSchema)
@blp.response(200, HouseholdSchema)
@writes(HouseholdSchema)
def post_member(asked: dict[str, Any], household_id: UUID) -> dict[str, Any]:
    """One more of the family; of no other household from then on."""
    actor = current_actor()
    households.join_household(actor, household_id, asked["member_id"])
    return _shown(*households.see_household(actor, household_id))


@blp.delete("/households/<id:household_id>/members/<id:member_id>")
@blp.response(204)
@writes(None, status=204)
def delete_member(household_id: UUID, member_id: UUID) -> None:
    """One fewer: the member belongs to no household."""
    households.leave_household(current_actor(), member_id, household_id=household_id)


def _shown(home: Any, people: list[Any]) -> dict[str, Any]:
    return {"id": home.id, "name": home.name, "member_ids": [member.id for member in people]}
