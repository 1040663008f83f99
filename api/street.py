"""A street's communities side by side."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.board import SideBySideSchema, StreetQuery
from ledger.core import clock
from ledger.recognition import streets

blp = resource("street", "What a street office compares. Nobody is named in it.")


@blp.get("/street")
@blp.arguments(StreetQuery, location="query")
@blp.response(200, SideBySideSchema)
def get_street(asked: dict[str, Any]) -> dict[str, Any]:
    """The communities of this community's street, by name, each with the figures of a month and its trend."""
    month = (asked["month"] or clock.today()).replace(day=1)
    return {"month": month, "communities": streets.side_by_side(current_actor(), month)}
