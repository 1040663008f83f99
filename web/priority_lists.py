"""The branch secretary's two lists. Opening the page is a reading, which the audit keeps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.commendations import PriorityRequestSchema
from ledger.recognition import priority_lists
from web.forms import send
from web.words import POLITICAL, PRIORITY_LISTS

page = Blueprint("priority_lists", __name__)

LONGEST_SEARCH = 40


@page.get("/c/<id:community_id>/priority-lists")
def show() -> Any:
    """Both lists, and the form to put somebody on one."""
    return _show()


def _show(**again: Any) -> str:
    actor = current_actor()
    found = priority_lists.read_lists(actor)
    search = request.values.get("search", "").strip()[:LONGEST_SEARCH]
    return render_template(
        "commendations/priority.html",
        lists=[
            (words, [kept for kept in found if kept.entry.list_kind == kind]) for kind, words in PRIORITY_LISTS.items()
        ],
        kinds=list(PRIORITY_LISTS.items()),
        statuses=list(POLITICAL.items()),
        political=POLITICAL,
        people=[
            (member.id.hex, f"{member.name} · {unit}") for member, unit in priority_lists.find_members(actor, search)
        ],
        search=search,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/priority-lists")
def put_on() -> Any:
    """On the list."""
    actor = current_actor()
    return send(
        PriorityRequestSchema(),
        lambda values: priority_lists.put_on_list(actor, values.pop("list_kind"), values.pop("member_id"), **values),
        to=lambda _entry: url_for(".show"),
        again=_show,
    )


@page.post("/c/<id:community_id>/priority-lists/<id:entry_id>/end")
def take_off(entry_id: UUID) -> Any:
    """Off the list."""
    actor = current_actor()
    return send(
        None,
        lambda _values: priority_lists.take_off_list(actor, entry_id),
        to=lambda _entry: url_for(".show"),
        again=_show,
    )
