"""Children under fourteen: until when, and what their guardian agrees to for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.children import ChildhoodSchema, ChildRequestSchema
from api.schemas.me import ConsentChangeSchema
from api.writing import writes
from ledger.people import children
from ledger.people.children import Childhood

blp = resource("children", "A child under fourteen has a guardian, who consents in its place.")


@blp.get("/members/<id:member_id>/childhood")
@blp.response(200, ChildhoodSchema)
def get_childhood(member_id: UUID) -> Childhood:
    """Until when the member is a child, and what was agreed to: for them, their guardian, and staff."""
    return children.see_childhood(current_actor(), member_id)


@blp.post("/members/<id:member_id>/childhood")
@blp.arguments(ChildRequestSchema)
@blp.response(200, ChildhoodSchema)
@writes(ChildhoodSchema)
def post_childhood(asked: dict[str, Any], member_id: UUID) -> Childhood:
    """Say until when the member is a child; what they agreed to alone counts no longer."""
    actor = current_actor()
    children.set_child(actor, member_id, asked["until"])
    return children.see_childhood(actor, member_id)


@blp.post("/members/<id:member_id>/consents")
@blp.arguments(ConsentChangeSchema)
@blp.response(200, ChildhoodSchema)
@writes(ChildhoodSchema)
def post_consent(asked: dict[str, Any], member_id: UUID) -> Childhood:
    """As the guardian: the child agrees to this from now on, or no longer."""
    actor = current_actor()
    children.decide_for(actor, member_id, asked["purpose"], given=asked["given"])
    return children.see_childhood(actor, member_id)
