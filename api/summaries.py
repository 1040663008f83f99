"""Monthly summaries: drafts and what was signed for staff, what was published for everybody."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import Response, g

from api.auth import current_actor, for_strangers, public, visitor_of
from api.documents import resource
from api.pages import page
from api.schemas.summaries import (
    FigureRowsQuery,
    FigureRowsSchema,
    SummaryPageSchema,
    SummaryQuery,
    SummarySchema,
    WholeSummarySchema,
    shown_summary,
)
from api.seals import of_known_community
from api.writing import writes
from ledger.core.errors import NotFound
from ledger.core.permissions import reach
from ledger.recognition import summaries, summary_rows
from ledger.recognition.parts import part_of
from ledger.recognition.summaries import SummaryView

blp = resource("summaries", "每月一总结. What is published needs no sign-in and names nobody.")

FROZEN = {"description": "The bytes whose SHA-256 is the digest.", "content_type": "application/json"}


@blp.get("/summaries")
@public
@for_strangers
@of_known_community
@blp.arguments(SummaryQuery, location="query")
@blp.response(200, SummaryPageSchema)
def list_summaries(asked: dict[str, Any]) -> dict[str, Any]:
    """The months, newest first: for whoever signs, publishes or oversees all of them, else those published."""
    actor = visitor_of(g.community_id)
    before, limit = asked["cursor"], asked["limit"] + 1
    if actor is not None and reach(actor, summaries.SEE):
        found = summaries.list_summaries(actor, before=before, limit=limit)
    else:
        found = summaries.list_published(g.community_id, before=before, limit=limit)
    items = found[: asked["limit"]]
    return {"items": items, "next_cursor": f"{items[-1].month:%Y-%m}" if len(found) > len(items) else None}


@blp.get("/summaries/<month>")
@public
@for_strangers
@of_known_community
@blp.response(200, WholeSummarySchema)
def get_summary(month: str) -> SummaryView:
    """One month: as it was frozen, or the draft of this moment for whoever may see it."""
    return _seen(month)


@blp.get("/summaries/<month>.json")
@public
@for_strangers
@of_known_community
@blp.response(200, **FROZEN)
def get_frozen(month: str) -> Response:
    """The frozen bytes, the same each time: their SHA-256 is the digest."""
    view = _seen(month)
    content = summaries.frozen_bytes(g.community_id, view.month)
    if content is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="summary-{view.month:%Y-%m}.json"'}
    return Response(content, content_type="application/json", headers=headers)


@blp.get("/summaries/<month>/rows/<figure>")
@blp.arguments(FigureRowsQuery, location="query")
@blp.response(200, FigureRowsSchema)
def list_rows(asked: dict[str, Any], month: str, figure: str) -> dict[str, Any]:
    """The rows behind one figure (a name of `totals`, or `shop_…` and `fund_…` with whose), newest first.

    Of what was served also of one part: `?part=grids&key=…`. For whoever may see such rows of the whole community.
    """
    actor, view, limit = current_actor(), _seen(month), asked["limit"]
    part = part_of(view.document or {}, asked["part"], asked["key"]) if asked["part"] else None
    rows = summary_rows.list_rows(
        actor, view.span(actor.tenant), figure,
        owner_id=asked["owner_id"], part=part, before=asked["cursor"], limit=limit + 1,
    )  # fmt: skip
    shown = page([{"id": row_id, "adds": adds} for row_id, adds in rows.shown], limit)
    return shown | {"kind": rows.kind, "number": rows.number, "amount": rows.amount, "known_at": view.known_at}


@blp.post("/summaries/<month>/sign-off")
@blp.response(200, SummarySchema)
@writes(SummarySchema)
def post_sign_off(month: str) -> dict[str, Any]:
    """Freeze the month that is over; nothing can take effect in it any more."""
    return shown_summary(summaries.sign_off(current_actor(), month_in(month)))


@blp.post("/summaries/<month>/publish")
@blp.response(200, SummarySchema)
@writes(SummarySchema)
def post_publish(month: str) -> dict[str, Any]:
    """Let everybody read it. Done by another person than who signed it off."""
    return shown_summary(summaries.publish(current_actor(), month_in(month)))


def _seen(month: str) -> SummaryView:
    actor, wanted = visitor_of(g.community_id), month_in(month)
    if actor is not None and reach(actor, summaries.SEE):
        return summaries.see_summary(actor, wanted)
    return summaries.see_published(g.community_id, wanted)


def month_in(text: str) -> date:
    """The month that an address names; one that cannot be is not found."""
    if not re.fullmatch("2[01][0-9]{2}-(0[1-9]|1[0-2])", text):
        raise NotFound
    return date(int(text[:4]), int(text[5:]), 1)
