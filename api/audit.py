"""Who did what, when, for whom."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.audit import AuditPageSchema
from api.schemas.fields import PageQuery
from ledger.core.audit import list_lines

blp = resource("audit", "The audit lines of the community; one's own for everybody.")


@blp.get("/audit")
@blp.arguments(PageQuery, location="query")
@blp.response(200, AuditPageSchema)
def list_audit(asked: dict[str, Any]) -> dict[str, Any]:
    """The lines I may see, newest first."""
    return page(list_lines(current_actor(), before=asked["cursor"], limit=asked["limit"] + 1), asked["limit"])
