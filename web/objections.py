"""What members object to in the record of their visits, and what staff answer."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.objections import ObjectionAnswerSchema, ObjectionQuery, ObjectionRequestSchema
from ledger.core.errors import Forbidden
from ledger.service import objections
from ledger.service.objection_models import ObjectionState
from ledger.service.objections import ObjectionView
from web import checkins
from web.acting import own_member
from web.forms import ask, send
from web.last_time import as_last_time
from web.stamps import sentence_of
from web.state_words import OBJECTION
from web.words import OUTCOMES

page = Blueprint("objections", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None, "wrong": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.post("/c/<id:community_id>/checkins/<id:checkin_id>/objections")
def raise_one(checkin_id: UUID) -> Any:
    """Raised; the answer stands under the service."""
    actor = own_member()
    return send(
        ObjectionRequestSchema(),
        lambda values: objections.raise_objection(actor, **values).checkin_id,
        to=_to_service,
        again=partial(checkins.show_again, checkin_id),
        known={"checkin_id": checkin_id.hex},
    )


@page.post("/c/<id:community_id>/objections/<id:objection_id>/withdraw")
def withdraw(objection_id: UUID) -> Any:
    """Taken back."""
    actor = own_member()
    checkin_id = objections.see_objection(actor, objection_id).checkin.id
    return send(
        None,
        lambda _: objections.withdraw_objection(actor, objection_id).checkin_id,
        to=_to_service,
        again=partial(checkins.show_again, checkin_id),
    )


def _to_service(checkin_id: UUID) -> str:
    return url_for("web.checkins.show", checkin_id=checkin_id)


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/objections")
@as_last_time(ObjectionQuery)
def list_all() -> Any:
    """What members object to, and by when it is to be answered."""
    asked = ask(ObjectionQuery(exclude=("mine",)))
    wanted = {"is_overdue": asked["overdue"], "order": asked["sort"], "after": asked["cursor"]}
    return _list_all(asked["status"], wanted)


def _list_all(status: ObjectionState | None, wanted: dict[str, Any] | None = None, **again: Any) -> str:
    actor = current_actor()
    if not actor.grants:
        raise Forbidden
    rows = objections.list_objections(actor, status=status, limit=PAGE_SIZE + 1, **(wanted or {}))
    found = page_of(rows, PAGE_SIZE, key="objection.id")
    return render_template(
        "objections/list.html",
        objections=[_for_staff(view) for view in found["items"]],
        states=[(state, word.text) for state, word in OBJECTION.items()],
        outcomes=OUTCOMES.items(),
        asked=request.args,
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def _for_staff(view: ObjectionView) -> dict[str, Any]:
    is_open = view.objection.state == ObjectionState.ASKED
    return checkins.objection_shown(view) | {
        "name": view.member_name,
        "activity": view.activity.name,
        "arrived_at": view.checkin.arrived_at,
        "checkin_status": view.checkin.state,
        "may_answer": is_open and view.refusal is None,
        "blocked": sentence_of(view.refusal) if is_open and view.refusal != Forbidden.code else "",
    }


@page.post("/c/<id:community_id>/objections/<id:objection_id>/answer")
def answer(objection_id: UUID) -> Any:
    """Answered."""
    actor = current_actor()
    return send(
        ObjectionAnswerSchema(),
        lambda values: objections.answer_objection(actor, objection_id, **values),
        to=lambda _: url_for(".list_all", status=ObjectionState.ASKED),
        again=partial(_list_all, ObjectionState.ASKED, wrong=objection_id),
    )
