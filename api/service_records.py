"""Service records with the field blocks of MZ/T 061: a member's own, or a part's for its staff."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.list_files import as_files
from api.pages import page
from api.schemas.service_records import RecordPageSchema, RecordQuery
from ledger.core import clock
from ledger.recognition import service_records

blp = resource("service-records", "Stamped visits in the field blocks of MZ/T 061 (志愿服务信息数据元).")


@blp.get("/service-records")
@blp.arguments(RecordQuery, location="query")
@blp.response(200, RecordPageSchema)
@as_files(blp, "service-records", RecordQuery, RecordPageSchema)
def list_records(asked: dict[str, Any]) -> dict[str, Any]:
    """The stamped visits that I may see with names, or mine alone; newest first."""
    since, until = clock.month_bounds(asked["month"]) if asked["month"] else (None, None)
    rows = service_records.list_records(
        current_actor(),
        is_mine=asked["mine"],
        since=since,
        until=until,
        after=asked["cursor"],
        limit=asked["limit"] + 1,
    )
    return page(rows, asked["limit"])
