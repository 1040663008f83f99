"""Paper cards on the desk: sheets to print, a member's card, and scanning cards at an activity."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from api.errors import status_of
from api.schemas.cards import FlowerBookQuery, HandOutSchema, NewPinSchema, SheetRequestSchema
from api.schemas.checkins import CheckinRequestSchema
from ledger.book.codes import Code
from ledger.core import ids
from ledger.core.errors import Refused
from ledger.core.permissions import may, require, require_any
from ledger.core.tenancy import Actor
from ledger.people import card_pins, card_sheets, cards, guesses, members, units
from ledger.people.card_sheets import PrintedCard
from ledger.people.cards import HandedOut
from ledger.people.cards_models import CardState
from ledger.people.models import UnitKind
from ledger.service import activities, checkins, mine, photo_codes, queue
from ledger.service.checkins import Via
from ledger.service.models import Activity
from web.acting import own_member
from web.errors import refusal
from web.forms import ask, mint, read, send, submit
from web.proofs import proofs_of
from web.qr import qr_svg
from web.words import UNIT_KINDS

page = Blueprint("cards", __name__)

ON_A_PAGE = 10


@page.get("/c/<id:community_id>/card")
def find_place() -> Any:
    """Where a card's QR leads: to the counter, or to the members. The code stays behind the #, which no server sees."""
    actor = current_actor()
    if actor.counters:
        return redirect(url_for("web.tills.show_counter"), 303)
    require_any(actor, "see_cards")
    return redirect(url_for("web.activities.list_all" if may(actor, "manage_cards") else ".show_mine"), 303)


# --- sheets -----------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/cards")
def list_sheets() -> Any:
    """The sheets of my part, and the form of a new one."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    rows = card_sheets.list_sheets(actor, limit=50)
    places = [one for one in units.tree_of(actor.tenant) if may(actor, "manage_cards", unit_path=one.path)]
    return render_template(
        "cards/list.html",
        sheets=rows,
        units=[(one.id.hex, f"{UNIT_KINDS[one.kind]} {one.name}") for one in places if one.kind in _PARTS],
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


_PARTS = (UnitKind.COMMUNITY, UnitKind.COMPOUND, UnitKind.GRID, UnitKind.MICRO_GRID)


@page.post("/c/<id:community_id>/cards")
def make_sheet() -> Any:
    """A sheet of blank cards, ready to print."""
    actor = current_actor()
    require_any(actor, "manage_cards")
    return send(
        SheetRequestSchema(exclude=("member_ids",)),
        lambda values: card_sheets.make_sheet(actor, **values).id,
        to=lambda sheet_id: url_for(".show_sheet", sheet_id=sheet_id),
        again=lambda **again: _list(actor, **again),
    )


@page.get("/c/<id:community_id>/cards/sheets/<id:sheet_id>")
def show_sheet(sheet_id: UUID) -> Any:
    """The sheet as it is printed: ten cards an A4 page."""
    _sheet, printed = card_sheets.open_sheet(current_actor(), sheet_id)
    shown = [_printed(card) for card in printed]
    pages = [shown[start : start + ON_A_PAGE] for start in range(0, len(shown), ON_A_PAGE)]
    return render_template("cards/sheet.html", pages=pages)


def _printed(card: PrintedCard) -> dict[str, Any]:
    address = f"{public_root()}{url_for('.find_place')}#{card.code}"
    return {"code": card.code, "name": card.name, "qr": qr_svg(address, _("红花卡"))}


# --- a member's card --------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/members/<id:member_id>/card")
def show(member_id: UUID) -> Any:
    """The member's card, and what can be done with it."""
    return _show(current_actor(), member_id)


def _show(actor: Actor, member_id: UUID, *, handed: HandedOut | None = None, **again: Any) -> str:
    card = cards.see_card(actor, member_id)
    member, unit = members.see_member(actor, member_id)
    return render_template(
        "cards/member.html",
        member={"id": member.id, "name": members.shown_names(actor, [member])[member.id]},
        card=card,
        is_live=card is not None and card.state == CardState.ISSUED,
        pin_blocked=card is not None and card.pin_tries >= card_pins.MOST_TRIES,
        handed=handed,
        can_manage=may(actor, "manage_cards", unit_path=unit.path),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/members/<id:member_id>/card")
def hand_out(member_id: UUID) -> Any:
    """Handed out: the PIN is shown this once."""
    actor = current_actor()
    values, errors = read(HandOutSchema())
    if errors:
        return _show(actor, member_id, values=_plain(), errors=errors), 422
    handed, outcome = mint(lambda: cards.hand_out(actor, member_id, **values))
    return _show(actor, member_id, handed=handed, refusal=outcome.refused), outcome.status


@page.post("/c/<id:community_id>/members/<id:member_id>/card/pin")
def reset_pin(member_id: UUID) -> Any:
    """A new PIN, shown this once."""
    actor = current_actor()
    values, errors = read(NewPinSchema())
    if errors:
        return _show(actor, member_id, errors=errors), 422
    handed, outcome = mint(lambda: cards.reset_pin(actor, member_id, **values))
    return _show(actor, member_id, handed=handed, refusal=outcome.refused), outcome.status


def _plain() -> dict[str, str]:
    """What was typed, without the PIN."""
    return {name: value for name, value in request.form.items() if name != "pin"}


@page.post("/c/<id:community_id>/members/<id:member_id>/card/lost")
def report_lost(member_id: UUID) -> Any:
    """Lost: it opens nothing any more."""
    actor = current_actor()
    own = actor.member_id == member_id
    outcome = submit(
        lambda: cards.report_lost(actor, member_id),
        lambda _card: url_for(".show_mine") if own else url_for(".show", member_id=member_id),
        keyed=False,
    )
    if outcome.refused is None:
        return outcome.go()
    return (_mine(refusal=outcome.refused) if own else _show(actor, member_id, refusal=outcome.refused)), outcome.status


@page.get("/c/<id:community_id>/my-card")
def show_mine() -> Any:
    """My own card, to report it lost."""
    return _mine()


@page.get("/c/<id:community_id>/members/<id:member_id>/card/flowers")
def show_flowers(member_id: UUID) -> Any:
    """Card by card, every flower with its day and its proof; ten places each, ready to print."""
    actor = current_actor()
    member = cards.require_card_seen(actor, member_id)
    book = mine.flower_book(actor, member.id, before=ask(FlowerBookQuery())["before"])
    stamps = [flower.stamp_id for card in book.cards for flower in card.flowers]
    return render_template(
        "cards/flowers.html",
        name=members.shown_names(actor, [member])[member.id],
        member_id=member.id,
        book=book,
        proofs=proofs_of(actor, "stamp", stamps, codes=[Code.AWARD]),
    )


def _mine(**again: Any) -> str:
    actor = own_member()
    assert actor.member_id is not None
    card = cards.see_card(actor, actor.member_id)
    is_live = card is not None and card.state == CardState.ISSUED
    return render_template("cards/mine.html", card=card, is_live=is_live, member_id=actor.member_id, **again)


# --- at the activity --------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/activities/<id:activity_id>/cards")
def show_scan(activity_id: UUID) -> Any:
    """The field for card after card."""
    return _scan(activity_id)


def _scan(activity_id: UUID, **again: Any) -> str:
    actor = current_actor()
    activity = _recorded_by(actor, activity_id)
    done = ids.parse(request.args.get("done", ""))
    return render_template(
        "cards/scan.html",
        activity=activity,
        done=queue.see_checkin(actor, done) if done else None,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _recorded_by(actor: Actor, activity_id: UUID) -> Activity:
    view = activities.see_activity(actor, activity_id)
    require(actor, "record_checkin", unit_path=view.unit.path)
    return view.activity


@page.post("/c/<id:community_id>/activities/<id:activity_id>/cards")
def scan(activity_id: UUID) -> Any:
    """Checked in or out by the card whose code was scanned or typed."""
    return _record(activity_id, request.form.get("member_code", "").strip())


@page.post("/c/<id:community_id>/activities/<id:activity_id>/cards/photo")
def scan_photo(activity_id: UUID) -> Any:
    """Checked in or out by the card on the photo, of which nothing is kept; without a script too."""
    _recorded_by(current_actor(), activity_id)
    try:
        code = photo_codes.code_on(_photo())
    except Refused as reason:
        return _scan(activity_id, refusal=refusal(reason)), status_of(reason)
    return _record(activity_id, code.rpartition("#")[2])  # A card's address carries its code behind the #.


def _photo() -> bytes:
    sent = request.files.get("photo")
    if sent is None:
        return b""
    content: bytes = sent.read()
    sent.seek(0)  # What makes the form the same form reads it once more.
    return content


def _record(activity_id: UUID, code: str) -> Any:
    actor = current_actor()
    values, errors = read(CheckinRequestSchema(), activity_id=activity_id.hex, via={"card_code": code[:200]})
    if errors:
        return _scan(activity_id, errors={"member_code": [_("请扫描或输入卡号。")]}), 422
    assert isinstance(values["via"], Via)
    outcome = submit(
        lambda: checkins.record_checkin(actor, **values),
        lambda visit: url_for(".show_scan", activity_id=activity_id, done=visit.id.hex),
        first=lambda: guesses.take_turn(actor),
    )
    return outcome.go() if outcome.refused is None else (_scan(activity_id, refusal=outcome.refused), outcome.status)
