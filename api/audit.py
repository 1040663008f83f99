"""Who did what, when, for whom."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.list_files import as_files
from api.pages import page
from api.schemas.audit import AuditPageSchema, AuditQuery
from ledger.core.audit import LineFilter
from ledger.people.audited import list_told

blp = resource("audit", "The audit lines of the community; one's own for everybody.")


@blp.get("/audit")
@blp.arguments(AuditQuery, location="query")
@blp.response(200, AuditPageSchema)
@as_files(blp, "audit", AuditQuery, AuditPageSchema)
def list_audit(asked: dict[str, Any]) -> dict[str, Any]:
    """The lines I may see, newest first unless asked otherwise."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    told = list_told(current_actor(), wanted=LineFilter(**asked), order=order, after=cursor, limit=limit + 1)
    return page(told, limit, key="line.id")
