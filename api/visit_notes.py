"""Visit notes, and what they ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.checkins import CheckinViewSchema
from api.schemas.visit_notes import NotedPageSchema, NoteQuery
from api.writing import writes
from ledger.service import queue, visit_notes
from ledger.service.queue import CheckinView

blp = resource("visit-notes", "Visit notes, and what they ask for.")


@blp.get("/visit-notes")
@blp.arguments(NoteQuery, location="query")
@blp.response(200, NotedPageSchema)
def list_notes(asked: dict[str, Any]) -> dict[str, Any]:
    """The visit notes of my parts, newest first unless asked."""
    wanted = {"follow_up": asked["follow_up"], "unit_id": asked["unit_id"], "order": asked["sort"]}
    rows = visit_notes.list_notes(current_actor(), **wanted, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="checkin.id")


@blp.post("/checkins/<id:checkin_id>/follow-up/close")
@blp.response(200, CheckinViewSchema)
@writes(CheckinViewSchema)
def post_close(checkin_id: UUID) -> CheckinView:
    """What the note of this visit asks for is done."""
    actor = current_actor()
    return queue.see_checkin(actor, visit_notes.close_follow_up(actor, checkin_id).id)
