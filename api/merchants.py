"""Shops and who stands behind their counters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.merchants import (
    ClerkRequestSchema,
    CounterStaffListSchema,
    CounterStaffSchema,
    MerchantPageSchema,
    MerchantQuery,
    MerchantRequestSchema,
    MerchantSchema,
    OwnerRequestSchema,
)
from api.writing import writes
from ledger.people.models import CounterStaff
from ledger.rewards import merchants
from ledger.rewards.models import Merchant

blp = resource("merchants", "Shops of the neighbourhood.")


@blp.get("/merchants")
@blp.arguments(MerchantQuery, location="query")
@blp.response(200, MerchantPageSchema)
def list_merchants(asked: dict[str, Any]) -> dict[str, Any]:
    """The shops of the community, newest first unless asked by name."""
    wanted = {"order": asked["sort"], "after": asked["cursor"], "limit": asked["limit"] + 1}
    rows = merchants.list_merchants(current_actor(), **wanted)
    return page(rows, asked["limit"])


@blp.post("/merchants")
@blp.arguments(MerchantRequestSchema)
@blp.response(201, MerchantSchema)
@writes(MerchantSchema, status=201)
def post_merchant(asked: dict[str, Any]) -> Merchant:
    """Enter a shop; its agreement comes next."""
    return merchants.create_merchant(current_actor(), asked["name"], trade=asked["trade"])


@blp.get("/merchants/<id:merchant_id>")
@blp.response(200, MerchantSchema)
def get_merchant(merchant_id: UUID) -> Merchant:
    """One shop."""
    return merchants.see_merchant(current_actor(), merchant_id)


@blp.get("/merchants/<id:merchant_id>/counter-staff")
@blp.response(200, CounterStaffListSchema)
def list_counter_staff(merchant_id: UUID) -> dict[str, Any]:
    """Who stands behind the shop's counters now, newest first."""
    return {"items": merchants.list_counter_staff(current_actor(), merchant_id)}


@blp.post("/merchants/<id:merchant_id>/owners")
@blp.arguments(OwnerRequestSchema)
@blp.response(201, CounterStaffSchema)
@writes(CounterStaffSchema, status=201)
def post_owner(asked: dict[str, Any], merchant_id: UUID) -> CounterStaff:
    """Appoint the shop's owner, by the number they sign in with."""
    person_id = merchants.person_of(asked.pop("phone"))
    return merchants.appoint_owner(current_actor(), merchant_id, person_id=person_id, **asked)


@blp.post("/merchants/<id:merchant_id>/clerks")
@blp.arguments(ClerkRequestSchema)
@blp.response(201, CounterStaffSchema)
@writes(CounterStaffSchema, status=201)
def post_clerk(asked: dict[str, Any], merchant_id: UUID) -> CounterStaff:
    """Appoint a clerk of one branch or of all."""
    person_id = merchants.person_of(asked.pop("phone"))
    return merchants.appoint_clerk(current_actor(), merchant_id, person_id=person_id, **asked)


@blp.delete("/counter-staff/<id:staff_id>")
@blp.response(204)
@writes(None, status=204)
def delete_counter_staff(staff_id: UUID) -> None:
    """End somebody's place behind a counter, at once."""
    merchants.end_counter(current_actor(), staff_id)
