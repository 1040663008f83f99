"""Expiry of points: what the community decided, and what expires when."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.expiry import (
    ExpiryPolicyPageSchema,
    ExpiryPolicyRequestSchema,
    ExpiryPolicySchema,
    ExpiryScheduleSchema,
)
from api.schemas.fields import PageQuery
from api.writing import writes
from ledger.book import expiry
from ledger.book.models import ExpiryPolicy

blp = resource("expiry", "Expiry of points: off unless the community decides otherwise.")


@blp.get("/expiry-policies")
@blp.arguments(PageQuery, location="query")
@blp.response(200, ExpiryPolicyPageSchema)
def list_policies(asked: dict[str, Any]) -> dict[str, Any]:
    """The community's decisions, newest first; the first one counts, none means never."""
    rows = expiry.policies(current_actor(), before=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.post("/expiry-policies")
@blp.arguments(ExpiryPolicyRequestSchema)
@blp.response(201, ExpiryPolicySchema)
@writes(ExpiryPolicySchema, status=201)
def post_policy(asked: dict[str, Any]) -> ExpiryPolicy:
    """Decide when points that are earned from now on expire; earlier points keep their dates."""
    return expiry.set_policy(current_actor(), asked["months"])


@blp.get("/expiry-schedule")
@blp.response(200, ExpiryScheduleSchema)
def get_schedule() -> dict[str, Any]:
    """How many of the community's points expire on which day."""
    return {"items": expiry.points_by_day(current_actor())}
