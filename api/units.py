"""The place tree and the party line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.units import (
    MovedSchema,
    MoveRequestSchema,
    UnitChangeSchema,
    UnitPageSchema,
    UnitQuery,
    UnitRequestSchema,
    UnitSchema,
)
from api.writing import writes
from ledger.core.permissions import require_any
from ledger.core.tenancy import load
from ledger.people import moving, units
from ledger.people.models import PlaceUnit

blp = resource("units", "The place tree (社区 → 小区 → 网格 → 微网格 → 楼栋 → 单元) and the party line.")


@blp.get("/units")
@blp.arguments(UnitQuery, location="query")
@blp.response(200, UnitPageSchema)
def list_units(asked: dict[str, Any]) -> dict[str, Any]:
    """The tree, parents before children."""
    actor = current_actor()
    require_any(actor, "see_units")
    rows = units.tree_of(actor.tenant, after=asked["cursor"], with_ended=asked["ended"])
    return page(rows, asked["limit"])


@blp.post("/units")
@blp.arguments(UnitRequestSchema)
@blp.response(201, UnitSchema)
@writes(UnitSchema, status=201)
def post_unit(asked: dict[str, Any]) -> PlaceUnit:
    """Add a unit below its parent."""
    return units.add_unit(current_actor(), asked.pop("name"), **asked)


@blp.get("/units/<id:unit_id>")
@blp.response(200, UnitSchema)
def get_unit(unit_id: UUID) -> PlaceUnit:
    """One unit, ended or not."""
    actor = current_actor()
    unit = load(actor.tenant, PlaceUnit, unit_id)
    require_any(actor, "see_units")
    return unit


@blp.patch("/units/<id:unit_id>")
@blp.arguments(UnitChangeSchema)
@blp.response(200, UnitSchema)
@writes(UnitSchema)
def patch_unit(asked: dict[str, Any], unit_id: UUID) -> PlaceUnit:
    """Rename a unit, move it with everything below it, or give it a place in the party line."""
    return units.change_unit(current_actor(), unit_id, **asked)


@blp.post("/units/<id:unit_id>/end")
@blp.response(200, UnitSchema)
@writes(UnitSchema)
def post_end(unit_id: UUID) -> PlaceUnit:
    """End a unit on which nothing hangs any more."""
    return units.end_unit(current_actor(), unit_id)


@blp.post("/units/<id:unit_id>/members")
@blp.arguments(MoveRequestSchema)
@blp.response(200, MovedSchema)
@writes(MovedSchema)
def post_members(asked: dict[str, Any], unit_id: UUID) -> dict[str, int]:
    """Move people to the unit: their old part loses sight of them at once."""
    return {"moved": moving.move_members(current_actor(), unit_id, member_ids=asked["member_ids"])}
