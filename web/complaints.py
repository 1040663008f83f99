"""What members complain of about goods: from their receipt, answered by the shop, closed by the community."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.complaints import (
    ComplaintAnswerSchema,
    ComplaintClosingSchema,
    ComplaintQuery,
    ComplaintRequestSchema,
)
from api.schemas.fields import Schema
from ledger.core.errors import Forbidden
from ledger.core.photos import MEDIA_TYPE
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.core.tenancy import Actor
from ledger.rewards import complaint_photos, complaint_reading, complaints, receipts
from ledger.rewards.complaint_models import Complaint, ComplaintState
from ledger.rewards.complaint_reading import ComplaintView
from ledger.rewards.models import Redemption
from web.acting import act_for, cursor, own_member
from web.forms import ask, send
from web.last_time import as_last_time
from web.state_words import COMPLAINT
from web.words import REMEDIES

page = Blueprint("complaints", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None}


def shown(view: ComplaintView) -> dict[str, Any]:
    """A complaint as the templates name it."""
    names = ("id", "redemption_id", "state", "raised_at", "due_at", "answered_at", "outcome", "closed_at")
    return {name: getattr(view.complaint, name) for name in names} | {
        "shop": view.merchant_name,
        "offer": view.offer_name,
        "name": view.member_name,
        "receipt_number": view.redemption.receipt_number,
        "words": view.words,
        "answer": view.answer,
        "note": view.note,
        "photos": view.photo_ids,
        "steps": view.steps,
        "is_late": complaint_reading.is_overdue(view.complaint),
    }


def of_redemption(actor: Actor, redemption: Redemption) -> dict[str, Any]:
    """What stands under a receipt: its complaints, and whether the actor may complain of it now."""
    return {
        "complaints": [shown(view) for view in complaint_reading.complaints_of(actor, redemption.id)],
        "may_complain": complaint_reading.may_complain(actor, redemption),
    }


# --- the member -------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/redemptions/<id:redemption_id>/complaint")
def show_new(redemption_id: UUID) -> Any:
    """The form of a complaint about what was received."""
    return _new(redemption_id)


def _new(redemption_id: UUID, **again: Any) -> str:
    actor = current_actor()
    receipt = receipts.see_redemption(actor, redemption_id)
    member_id = receipt.redemption.member_id
    if member_id not in actor.member_ids and act_for(member_id) is None:
        raise Forbidden
    return render_template("complaints/new.html", receipt=receipt, **(EMPTY | again))


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/complaint")
def create(redemption_id: UUID) -> Any:
    """Raised, with its photos; how it stands is read under the receipt."""
    actor = current_actor()
    sent = [one.read() for one in request.files.getlist("photos")[: MOST_PHOTOS + 1] if one.filename]
    return send(
        ComplaintRequestSchema(),
        lambda values: _complain(actor, redemption_id, values["words"], sent).redemption_id,
        to=lambda done: url_for("web.redemptions.show", redemption_id=done),
        again=partial(_new, redemption_id),
        known={"redemption_id": redemption_id.hex},
    )


def _complain(actor: Actor, redemption_id: UUID, words: str, sent: list[bytes]) -> Complaint:
    file_ids = [complaint_photos.send_photo(actor, content).id for content in sent]
    return complaints.complain(actor, redemption_id, words=words, file_ids=file_ids)


@page.get("/c/<id:community_id>/complaints/mine")
def list_mine() -> Any:
    """What I complained of, newest first."""
    rows = complaint_reading.list_complaints(own_member(), is_mine=True, after=cursor(), limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="complaint.id")
    return render_template(
        "complaints/mine.html", complaints=[shown(view) for view in found["items"]], next_cursor=found["next_cursor"]
    )


# --- the shop and the community ---------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/complaints")
@as_last_time(ComplaintQuery)
def list_all() -> Any:
    """What waits for an answer, the first due first; or all of a state."""
    return _list()


def _list(**again: Any) -> str:
    actor = current_actor()
    if not actor.grants and not actor.counters:
        raise Forbidden
    asked = ask(ComplaintQuery(exclude=("mine",)))
    rows = complaint_reading.list_complaints(
        actor,
        status=asked["status"],
        is_overdue=asked["overdue"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=PAGE_SIZE + 1,
    )
    found = page_of(rows, PAGE_SIZE, key="complaint.id")
    return render_template(
        "complaints/list.html",
        complaints=[shown(view) for view in found["items"]],
        states=[(state, word.text) for state, word in COMPLAINT.items()],
        remedies=REMEDIES.items(),
        asked=request.args,
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def _step(complaint_id: UUID, schema: Schema, verb: Any) -> Any:
    return send(
        schema,
        verb,
        to=lambda _: url_for(".list_all", status=ComplaintState.OPEN),
        again=partial(_list, wrong=complaint_id),
    )


@page.post("/c/<id:community_id>/complaints/<id:complaint_id>/answer")
def answer(complaint_id: UUID) -> Any:
    """Answered."""
    actor = current_actor()
    return _step(
        complaint_id, ComplaintAnswerSchema(), lambda said: complaints.answer_complaint(actor, complaint_id, **said)
    )


@page.post("/c/<id:community_id>/complaints/<id:complaint_id>/close")
def close(complaint_id: UUID) -> Any:
    """Closed by the community."""
    actor = current_actor()
    return _step(
        complaint_id, ComplaintClosingSchema(), lambda said: complaints.close_complaint(actor, complaint_id, **said)
    )


@page.get("/c/<id:community_id>/complaints/<id:complaint_id>/photos/<id:photo_id>.jpg")
def show_photo(complaint_id: UUID, photo_id: UUID) -> Response:
    """A photo of what is wrong; kept by no browser."""
    content = complaint_reading.read_photo(current_actor(), complaint_id, photo_id)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
