"""The branch secretary's two lists. Published nowhere; every reading is audited."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.commendations import PriorityListsSchema, PriorityRequestSchema, PriorityStepSchema
from api.writing import writes
from ledger.recognition import priority_lists
from ledger.recognition.commendation_models import PriorityEntry

blp = resource("priority-lists", "Outstanding young leaders, kept and read by the branch secretary alone.")


@blp.get("/priority-lists")
@blp.response(200, PriorityListsSchema)
def get_lists() -> dict[str, Any]:
    """Who stands on the two lists now, at most a thousand."""
    return {"items": priority_lists.read_lists(current_actor())}


@blp.post("/priority-lists")
@blp.arguments(PriorityRequestSchema)
@blp.response(201, PriorityStepSchema)
@writes(PriorityStepSchema, status=201)
def post_entry(asked: dict[str, Any]) -> PriorityEntry:
    """Put a member on a list."""
    return priority_lists.put_on_list(current_actor(), asked.pop("list_kind"), asked.pop("member_id"), **asked)


@blp.post("/priority-lists/<id:entry_id>/end")
@blp.response(200, PriorityStepSchema)
@writes(PriorityStepSchema)
def post_end(entry_id: UUID) -> PriorityEntry:
    """Take a member off; note, birth year and political status are forgotten."""
    return priority_lists.take_off_list(current_actor(), entry_id)
