"""What is wrong in the record of me, and what staff decide of such requests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.corrections import (
    CorrectionMadeSchema,
    CorrectionQuery,
    CorrectionRefusalSchema,
    CorrectionRequestSchema,
)
from ledger.core import clock
from ledger.people import corrections
from ledger.people.correction_models import CorrectionState
from ledger.people.corrections import CorrectionView
from web import forms, members, my_data
from web.acting import own_member
from web.last_time import as_last_time
from web.state_words import PUT_RIGHT

page = Blueprint("corrections", __name__)

PAGE_SIZE = 50
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.post("/c/<id:community_id>/corrections")
def ask() -> Any:
    """Asked; the answer stands under my data."""
    actor = own_member()
    return forms.send(
        CorrectionRequestSchema(),
        lambda values: corrections.ask_correction(actor, **values),
        to=lambda _: url_for("web.my_data.show"),
        again=my_data.show_again,
    )


@page.post("/c/<id:community_id>/corrections/<id:correction_id>/withdraw")
def withdraw(correction_id: UUID) -> Any:
    """Taken back."""
    actor = own_member()
    return forms.send(
        None,
        lambda _: corrections.withdraw_correction(actor, correction_id),
        to=lambda _: url_for("web.my_data.show"),
        again=my_data.show_again,
    )


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/corrections")
@as_last_time(CorrectionQuery)
def list_all() -> Any:
    """What members say is wrong, and by when it is to be answered."""
    return _list_all()


def _list_all(**again: Any) -> str:
    actor, asked = current_actor(), forms.ask(CorrectionQuery(exclude=("mine",)))
    wanted = {"status": asked["status"], "order": asked["sort"], "after": asked["cursor"]}
    rows = corrections.list_corrections(actor, **wanted, limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="correction.id")
    return render_template(
        "corrections/list.html",
        corrections=[_for_staff(view) for view in found["items"]],
        states=[(state, word.text) for state, word in PUT_RIGHT.items()],
        asked=request.args,
        places=members.places_of(actor, *members.HOMES),
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def _for_staff(view: CorrectionView) -> dict[str, Any]:
    is_open = view.correction.state == CorrectionState.ASKED
    return my_data.correction_shown(view) | {
        "name": view.member.name,
        "may_decide": is_open and not current_actor().is_person(view.member.person_id),
        "is_late": is_open and view.correction.due_at < clock.now(),
    }


@page.post("/c/<id:community_id>/corrections/<id:correction_id>/make")
def make(correction_id: UUID) -> Any:
    """Corrected."""
    return forms.send(
        CorrectionMadeSchema(),
        lambda values: corrections.make_correction(current_actor(), correction_id, **values),
        to=lambda _: url_for(".list_all"),
        again=_list_all,
    )


@page.post("/c/<id:community_id>/corrections/<id:correction_id>/refuse")
def refuse(correction_id: UUID) -> Any:
    """Not corrected, and why."""
    return forms.send(
        CorrectionRefusalSchema(),
        lambda values: corrections.refuse_correction(current_actor(), correction_id, **values),
        to=lambda _: url_for(".list_all"),
        again=_list_all,
    )
