"""My data: what I agreed to, all of it as a file, and my request to be forgotten; and what staff decide of that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.me import ConsentChangeSchema
from api.schemas.personal_data import ErasureRefusalSchema
from ledger.core import clock
from ledger.people import children, consents, corrections, erasures, exports
from ledger.people.corrections import CorrectionView
from ledger.people.data_models import Erasure, Ground
from ledger.people.erasures import ErasureView
from ledger.people.models import Purpose
from web.acting import cursor
from web.forms import read_button, send, submit

page = Blueprint("my_data", __name__)

PAGE_SIZE, LATEST = 50, 10
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


# --- mine -------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/my-data")
def show() -> Any:
    """Consents, files and the request to be erased."""
    return show_again()


def show_again(**again: Any) -> str:
    """The page with what was wrong in one of its forms."""
    actor = current_actor()
    asked = erasures.my_erasures(actor)
    is_member = actor.member_id is not None
    mine = corrections.list_corrections(actor, is_mine=True, limit=LATEST) if is_member else []
    return render_template(
        "my_data/show.html",
        purposes=consents.standing(actor.person_id),
        history=consents.history(actor.person_id),
        files=[one for one in exports.list_exports(actor, limit=10) if one.expires_at > clock.now()],
        erasures=[_shown(one) for one in asked],
        may_ask=not any(one.state == "asked" for one in asked),
        points_left=erasures.points_left(actor.person_id),
        corrections=[correction_shown(view) for view in mine],
        childhood=children.see_childhood(actor, actor.member_id) if actor.member_id else None,
        **(EMPTY | again),
    )


def correction_shown(view: CorrectionView) -> dict[str, Any]:
    """A request for a correction as its member and staff read it."""
    names = ("id", "about", "wanted", "note", "answer", "asked_at", "due_at", "decided_at")
    return {name: getattr(view.correction, name) for name in names} | {"status": view.correction.state}


def _shown(erasure: Erasure) -> dict[str, Any]:
    names = ("id", "asked_at", "erasable_at", "due_at", "decided_at", "ground", "retained_until", "points")
    return {name: getattr(erasure, name) for name in names} | {"status": erasure.state}


@page.post("/c/<id:community_id>/my-data/consents")
def change_consent() -> Any:
    """Given or withdrawn, in one step."""
    actor, asked = current_actor(), read_button(ConsentChangeSchema())
    purpose: Purpose = asked["purpose"]
    return _after(lambda: consents.change(actor, purpose, given=asked["given"]))


@page.post("/c/<id:community_id>/my-data/files")
def make_file() -> Any:
    """The file is there."""
    return _after(lambda: exports.make_export(current_actor()))


@page.get("/c/<id:community_id>/my-data/files/<id:export_id>.zip")
def get_file(export_id: UUID) -> Any:
    """The file."""
    content = exports.read_export(current_actor(), export_id)
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "no-store"}
    return Response(content, content_type=exports.MEDIA_TYPE, headers=headers)


@page.post("/c/<id:community_id>/my-data/erasures")
def ask() -> Any:
    """Asked to be forgotten."""
    return _after(lambda: erasures.ask_erasure(current_actor()))


@page.post("/c/<id:community_id>/my-data/erasures/<id:erasure_id>/withdraw")
def withdraw(erasure_id: UUID) -> Any:
    """Stays."""
    return _after(lambda: erasures.withdraw_erasure(current_actor(), erasure_id))


def _after(verb: Any) -> Any:
    outcome = submit(verb, lambda _: url_for(".show"))
    if outcome.refused is None:
        return outcome.go()
    return show_again(refusal=outcome.refused), outcome.status


# --- for staff --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/erasures")
def list_requests() -> Any:
    """Who asked to be forgotten, and until when it is to be decided."""
    return _list_requests()


def _list_requests(**again: Any) -> str:
    actor = current_actor()
    found = page_of(erasures.list_erasures(actor, after=cursor(), limit=PAGE_SIZE + 1), PAGE_SIZE, key="erasure.id")
    return render_template(
        "my_data/requests.html",
        requests=[_for_staff(view) for view in found["items"]],
        grounds=list(Ground),
        next_cursor=found["next_cursor"],
        **(EMPTY | again),
    )


def _for_staff(view: ErasureView) -> dict[str, Any]:
    shown = _shown(view.erasure)
    is_open = view.erasure.state == "asked"
    return shown | {
        "name": view.member.name,
        "may_refuse": is_open,
        "may_carry_out": is_open and view.erasure.erasable_at <= clock.now(),
        "stands_against": erasures.ground_against(view.erasure.person_id) if is_open else None,
    }


@page.post("/c/<id:community_id>/erasures/<id:erasure_id>/refuse")
def refuse(erasure_id: UUID) -> Any:
    """Refused, with its legal ground."""
    return send(
        ErasureRefusalSchema(),
        lambda values: erasures.refuse_erasure(current_actor(), erasure_id, **values),
        to=lambda _: url_for(".list_requests"),
        again=_list_requests,
    )


@page.post("/c/<id:community_id>/erasures/<id:erasure_id>/carry-out")
def carry_out(erasure_id: UUID) -> Any:
    """Forgotten."""
    return send(
        None,
        lambda _: erasures.carry_out(current_actor(), erasure_id),
        to=lambda _: url_for(".list_requests"),
        again=_list_requests,
    )
