"""Visit notes, and what they ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.visit_notes import NoteQuery
from ledger.service import visit_notes
from ledger.service.models import FollowUp
from ledger.service.visit_notes import Noted
from web import members
from web.forms import ask, send

page = Blueprint("visit_notes", __name__)

PAGE_SIZE = 50


@page.get("/c/<id:community_id>/visit-notes")
def list_all() -> Any:
    """The visit notes of my parts; at first those that ask for something."""
    return _list()


def _list(**again: Any) -> str:
    actor, asked = current_actor(), ask(NoteQuery())
    wanted = asked["follow_up"] if "follow_up" in request.args else FollowUp.OPEN
    place = {"order": asked["sort"], "after": asked["cursor"]}
    rows = visit_notes.list_notes(actor, follow_up=wanted, unit_id=asked["unit_id"], **place, limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="checkin.id")
    return render_template(
        "visit_notes/list.html",
        notes=[_told(one) for one in found["items"]],
        places=members.places_of(actor, *members.HOMES),
        asked={"follow_up": wanted or "", "unit_id": request.args.get("unit_id", "")},
        next_cursor=found["next_cursor"],
        **({"refusal": None} | {name: again[name] for name in again if name == "refusal"}),
    )


def _told(one: Noted) -> dict[str, Any]:
    return {
        "id": one.checkin.id.hex,
        "member": one.member_name,
        "activity": one.activity.name,
        "at": one.checkin.arrived_at,
        "note": one.note,
        "status": one.checkin.follow_up,
        "door": f"{one.plate.number} · {one.plate.address}" if one.plate else "",
    }


@page.post("/c/<id:community_id>/visit-notes/<id:checkin_id>/close")
def close(checkin_id: UUID) -> Any:
    """Done; the list goes on."""
    return send(
        None,
        lambda _values: visit_notes.close_follow_up(current_actor(), checkin_id),
        to=lambda _visit: url_for(".list_all"),
        again=_list,
    )
