"""Plates at doors."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.plates import (
    PlatePageSchema,
    PlateQuery,
    PlateRequestSchema,
    PlateSchema,
    PlatesMadeSchema,
)
from api.writing import writes
from ledger.service import plates
from ledger.service.plates import PlateView

blp = resource("plates", "QR plates at doors, for standing activities.")


@blp.get("/plates")
@blp.arguments(PlateQuery, location="query")
@blp.response(200, PlatePageSchema)
def list_plates(asked: dict[str, Any]) -> dict[str, Any]:
    """The plates of my parts, in the order of their making."""
    wanted = {name: asked[name] for name in ("standing_id", "status")}
    rows = plates.list_plates(current_actor(), **wanted, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="plate.id")


@blp.get("/plates/<id:plate_id>")
@blp.response(200, PlateSchema)
def get_plate(plate_id: UUID) -> PlateView:
    """One plate."""
    return plates.see_plate(current_actor(), plate_id)


@blp.post("/activities/<id:activity_id>/plates")
@blp.arguments(PlateRequestSchema)
@blp.response(201, PlateSchema)
@writes(PlateSchema, status=201)
def post_plate(asked: dict[str, Any], activity_id: UUID) -> PlateView:
    """Make a plate for a door of this standing activity."""
    actor = current_actor()
    return plates.see_plate(actor, plates.add_plate(actor, activity_id, **asked).id)


@blp.post("/activities/<id:activity_id>/plates/all")
@blp.response(201, PlatesMadeSchema)
@writes(PlatesMadeSchema, status=201)
def post_all(activity_id: UUID) -> dict[str, Any]:
    """Make a plate for every entrance of the part that has none; at most 200 at once."""
    actor = current_actor()
    made = plates.add_plates_below(actor, activity_id)
    return {"items": plates.describe_plates(actor, [one.id for one in made])}


@blp.post("/plates/<id:plate_id>/retire")
@blp.response(200, PlateSchema)
@writes(PlateSchema)
def post_retire(plate_id: UUID) -> PlateView:
    """Take a plate down: nobody checks in with it any more."""
    actor = current_actor()
    return plates.see_plate(actor, plates.retire_plate(actor, plate_id).id)
