"""The community's monthly issuance: what was given beside what was meant to be."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.issuance import IssuanceBudgetRequestSchema, IssuanceQuery, IssuanceSchema
from api.versions import IF_MATCH, etag_of, version_in_hand
from api.writing import writes
from ledger.service import issuance
from ledger.service.issuance import Issuance

blp = resource("issuance", "Points given in a month, and the budget that alarms.")


@blp.get("/issuance")
@blp.arguments(IssuanceQuery, location="query")
@blp.response(200, IssuanceSchema)
def get_issuance(asked: dict[str, Any]) -> tuple[Issuance, int, dict[str, str]]:
    """A month's points in all and by programme; the ETag names the version of the budget."""
    found = issuance.see_issuance(current_actor(), asked["month"])
    return found, 200, etag_of(found.version)


@blp.put("/issuance/budget")
@blp.doc(parameters=[IF_MATCH])
@blp.arguments(IssuanceBudgetRequestSchema)
@blp.response(200, IssuanceSchema)
@writes(IssuanceSchema)
def put_budget(asked: dict[str, Any]) -> Issuance:
    """Set the monthly budget (If-Match: the version that was read): it alarms at 80 and 100 percent, and only that."""
    return issuance.set_budget(current_actor(), asked["points"], version=version_in_hand())
