"""Plates at doors: made, printed, taken down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.plates import PlateRequestSchema
from ledger.core.permissions import may, require
from ledger.core.tenancy import load
from ledger.people import units
from ledger.people.models import PlaceUnit
from ledger.service import activities, plates
from ledger.service.models import PlateState
from ledger.service.plates import DOORS, PlateView
from web.acting import cursor
from web.forms import send
from web.qr import qr_svg

page = Blueprint("plates", __name__)

PAGE_SIZE, MOST_PRINTED, A_PAGE = 50, 200, 10


@page.get("/c/<id:community_id>/activities/<id:activity_id>/plates")
def list_all(activity_id: UUID) -> Any:
    """The plates of a standing activity, and the ways to make more."""
    return _list(activity_id)


def _list(activity_id: UUID, **again: Any) -> str:
    actor = current_actor()
    activity = activities.see_activity(actor, activity_id).activity
    part = load(actor.tenant, PlaceUnit, activity.unit_id)
    require(actor, "see_plates", unit_path=part.path)
    rows = plates.list_plates(actor, standing_id=activity_id, after=cursor(), limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="plate.id")
    tree = units.tree_of(actor.tenant)
    named: dict[UUID | None, str] = {one.id: one.name for one in tree if one.kind in DOORS}
    below = [one for one in tree if one.id in named and one.path.startswith(part.path)]
    return render_template(
        "plates/list.html",
        activity=activity,
        plates=[_shown(one) for one in found["items"]],
        doors=[(one.id.hex, f"{named.get(one.parent_id, '')} {one.name}") for one in below[:MOST_PRINTED]],
        may_make=may(actor, "manage_activities", unit_path=part.path),
        next_cursor=found["next_cursor"],
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _shown(view: PlateView) -> dict[str, Any]:
    plate = view.plate
    return {"id": plate.id.hex, "number": plate.number, "address": plate.address, "state": plate.state} | {
        "unit": view.unit.name
    }


@page.post("/c/<id:community_id>/activities/<id:activity_id>/plates")
def create(activity_id: UUID) -> Any:
    """One more plate."""
    return send(
        PlateRequestSchema(),
        lambda values: plates.add_plate(current_actor(), activity_id, **values).standing_id,
        to=lambda done: url_for(".list_all", activity_id=done),
        again=lambda **again: _list(activity_id, **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/plates/all")
def create_all(activity_id: UUID) -> Any:
    """A plate for every door below that has none; then the sheet to print."""
    return send(
        None,
        lambda _values: plates.add_plates_below(current_actor(), activity_id),
        to=lambda _made: url_for(".list_all", activity_id=activity_id),
        again=lambda **again: _list(activity_id, **again),
    )


@page.post("/c/<id:community_id>/activities/<id:activity_id>/plates/<id:plate_id>/retire")
def retire(activity_id: UUID, plate_id: UUID) -> Any:
    """Taken down."""
    return send(
        None,
        lambda _values: plates.retire_plate(current_actor(), plate_id).standing_id,
        to=lambda done: url_for(".list_all", activity_id=done),
        again=lambda **again: _list(activity_id, **again),
    )


@page.get("/c/<id:community_id>/activities/<id:activity_id>/plates/sheet")
def print_sheet(activity_id: UUID) -> Any:
    """The plates in use, ten on a page of A4."""
    actor = current_actor()
    rows = plates.list_plates(actor, standing_id=activity_id, status=PlateState.ACTIVE, limit=MOST_PRINTED)
    shown = [_shown(one) | {"qr": _qr(one), "name": one.standing.name} for one in rows]
    tens = [shown[start : start + A_PAGE] for start in range(0, len(shown), A_PAGE)]
    return render_template("plates/sheet.html", pages=tens, activity_id=activity_id)


def _qr(view: PlateView) -> Any:
    return qr_svg(f"{public_root()}/q/{view.plate.code}", _("门牌码 %(number)s", number=view.plate.number))
