"""The place tree and the party line."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.units import UnitPageSchema, UnitQuery, UnitRequestSchema, UnitSchema
from api.writing import writes
from ledger.core.permissions import require_any
from ledger.people import units
from ledger.people.models import PlaceUnit

blp = resource("units", "The place tree (社区 → 小区 → 网格 → 微网格 → 楼栋 → 单元) and the party line.")


@blp.get("/units")
@blp.arguments(UnitQuery, location="query")
@blp.response(200, UnitPageSchema)
def list_units(asked: dict[str, Any]) -> dict[str, Any]:
    """The tree, parents before children."""
    actor = current_actor()
    require_any(actor, "see_units")
    return page(units.tree_of(actor.tenant, after=asked["cursor"]), asked["limit"])


@blp.post("/units")
@blp.arguments(UnitRequestSchema)
@blp.response(201, UnitSchema)
@writes(UnitSchema, status=201)
def post_unit(asked: dict[str, Any]) -> PlaceUnit:
    """Add a unit below its parent."""
    return units.add_unit(current_actor(), asked.pop("name"), **asked)
