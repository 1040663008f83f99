"""Disputed lines of statements: raised on the sheet, answered and decided on one list."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from marshmallow import fields, validate

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.disputes import AppealSchema, DisputeAnswerSchema, DisputeDecisionSchema, DisputeQuery
from api.schemas.fields import Id, Schema, Text
from ledger.core.photos import MEDIA_TYPE
from ledger.core.tenancy import Actor
from ledger.settlement import dispute_reading, disputes, evidence
from ledger.settlement.dispute_models import Dispute
from ledger.settlement.dispute_reading import DisputeView
from ledger.settlement.disputes import LONGEST, MOST_LINES, Claim
from web import settlements
from web.forms import ask, send
from web.last_time import as_last_time
from web.state_words import DISPUTE
from web.words import FAVOURS

page = Blueprint("disputes", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None}


class LinesSchema(Schema):
    """The lines ticked on the sheet, with one reason for all of them."""

    line_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_LINES))
    dispute_reason = Text(LONGEST, least=1, required=True)


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/dispute")
def raise_all(settlement_id: UUID) -> Any:
    """The ticked lines are held; the rest goes on."""
    actor = current_actor()
    return send(
        LinesSchema(),
        lambda values: _raise(actor, settlement_id, **values),
        to=lambda _: url_for("web.settlements.show", settlement_id=settlement_id),
        again=partial(settlements.show_again, settlement_id),
    )


def _raise(actor: Actor, settlement_id: UUID, *, line_ids: list[UUID], dispute_reason: str) -> list[Dispute]:
    """A photo goes with the first line."""
    claims = [Claim(one, dispute_reason) for one in dict.fromkeys(line_ids)]
    sent = request.files.get("photo")
    if sent and sent.filename:
        sent.stream.seek(0)
        claims[0] = claims[0]._replace(file_ids=[evidence.send_photo(actor, sent.read()).id])
    return disputes.raise_disputes(actor, settlement_id, claims)


@page.get("/c/<id:community_id>/disputes")
@as_last_time(DisputeQuery)
def list_all() -> Any:
    """What waits, the first due first; or all of a state."""
    return _list()


def _list(**again: Any) -> str:
    actor = current_actor()
    asked = ask(DisputeQuery())
    is_open = asked["open"] or asked["status"] is None
    rows = dispute_reading.list_disputes(
        actor,
        status=asked["status"],
        is_open=is_open,
        order=asked["sort"],
        after=asked["cursor"],
        limit=PAGE_SIZE + 1,
    )
    found = page_of(rows, PAGE_SIZE, key="dispute.id")
    return render_template(
        "disputes/list.html",
        disputes=[shown(view) for view in found["items"]],
        states=[(state, word.text) for state, word in DISPUTE.items()],
        favours=FAVOURS.items(),
        asked=request.args,
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def shown(view: DisputeView) -> dict[str, Any]:
    """A dispute as the templates name it."""
    names = ("state", "reason", "line_fen", "held_fen", "raised_at", "due_at", "answer", "favour", "decision", "appeal")
    return {name: getattr(view.dispute, name) for name in names} | {
        "id": view.dispute.id,
        "settlement_id": view.settlement.id,
        "number": view.settlement.number,
        "shop": view.merchant.name,
        "line": view.line,
        "photos": view.photo_ids,
        "steps": view.steps,
        "is_late": dispute_reading.is_overdue(view.dispute),
        "by_clock": view.dispute.decided_at is not None and view.dispute.decided_by is None,
        "appeal_until": view.dispute.appeal_until,
        "undecided_for": view.undecided_for,
    }


def _step(dispute_id: UUID, schema: Schema, verb: Any) -> Any:
    return send(
        schema,
        verb,
        to=lambda _: url_for(".list_all"),
        again=partial(_list, wrong=dispute_id),
    )


@page.post("/c/<id:community_id>/disputes/<id:dispute_id>/answer")
def answer(dispute_id: UUID) -> Any:
    """Answered by the community."""
    actor = current_actor()
    return _step(dispute_id, DisputeAnswerSchema(), lambda said: disputes.answer_dispute(actor, dispute_id, **said))


@page.post("/c/<id:community_id>/disputes/<id:dispute_id>/decide")
def decide(dispute_id: UUID) -> Any:
    """Decided by the treasurer."""
    actor = current_actor()
    return _step(dispute_id, DisputeDecisionSchema(), lambda said: disputes.decide_dispute(actor, dispute_id, **said))


@page.post("/c/<id:community_id>/disputes/<id:dispute_id>/appeal")
def appeal(dispute_id: UUID) -> Any:
    """Appealed by the owner."""
    actor = current_actor()
    return _step(dispute_id, AppealSchema(), lambda said: disputes.appeal(actor, dispute_id, **said))


@page.get("/c/<id:community_id>/disputes/<id:dispute_id>/photos/<id:photo_id>.jpg")
def show_photo(dispute_id: UUID, photo_id: UUID) -> Response:
    """A photo of the dispute."""
    content = dispute_reading.read_photo(current_actor(), dispute_id, photo_id)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
