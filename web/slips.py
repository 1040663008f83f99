"""Numbered slips: at the counter printed and entered, at the desk checked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.slips import PadRequestSchema, SlipEntrySchema
from ledger.core import clock
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import guesses
from ledger.rewards import merchants, offers, receipts, slips, tills
from ledger.rewards.models import Branch
from ledger.rewards.redemptions import state_at
from ledger.rewards.slips import SlipRow
from web.forms import read, send, submit
from web.redemptions import shown
from web.tills import asked_branch, shop_of

page = Blueprint("slips", __name__)

MOST, MOST_WAITING = 200, 50


@page.get("/c/<id:community_id>/slips")
def show() -> Any:
    """The counter's pads, and the form to enter a slip."""
    actor = current_actor()
    return _counter(actor, asked_branch(actor, tills.branches_of(actor)))


def _counter(actor: Actor, branch: Branch, **again: Any) -> str:
    on_offer = offers.list_offers(actor, merchant_id=branch.merchant_id, limit=MOST)
    return render_template(
        "slips/counter.html",
        branch={"id": branch.id.hex, "name": branch.name, "shop": shop_of(branch)},
        pads=[(pad, [_row(one) for one in rows]) for pad, rows in slips.list_pads(actor, branch.id)],
        offers=[(one.terms.offer_id.hex, one.terms.name) for one in on_offer if one.terms.state == "active"],
        today=clock.today(),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _row(row: SlipRow) -> dict[str, Any]:
    slip, redemption = row
    status = state_at(redemption, clock.now()).value if redemption else ""
    return {"number": slip.number, "filled_on": slip.filled_on, "redemption": redemption, "status": status}


@page.post("/c/<id:community_id>/slip-pads")
def print_pad() -> Any:
    """Twenty more slips, to be printed."""
    actor = current_actor()
    branch = asked_branch(actor, tills.branches_of(actor))
    return send(
        PadRequestSchema(),
        lambda values: slips.print_pad(actor, **values).id,
        to=lambda pad_id: url_for(".show_paper", pad_id=pad_id),
        again=lambda **again: _counter(actor, branch, **again),
    )


@page.get("/c/<id:community_id>/slip-pads/<id:pad_id>/paper")
def show_paper(pad_id: UUID) -> Any:
    """The blank slips of a pad, to print and to cut; none of one that has expired."""
    pad, found = slips.see_pad(current_actor(), pad_id)
    return render_template(
        "slips/paper.html",
        pad=pad,
        slips=[one for one in found if one.redemption_id is None and clock.today() <= pad.last_day],
        shop=merchants.describe_merchants([pad.merchant_id])[pad.merchant_id],
    )


@page.post("/c/<id:community_id>/slips")
def enter() -> Any:
    """Reserved until the member or the community says that it was so."""
    actor = current_actor()
    branch = asked_branch(actor, tills.branches_of(actor))
    values, errors = read(SlipEntrySchema())
    if errors:
        return _counter(actor, branch, values=request.form, errors=errors), 422
    number = values.pop("number")
    outcome = submit(
        lambda: slips.enter_slip(actor, number, **values).id,
        lambda redemption_id: url_for("web.tills.show_redemption", redemption_id=redemption_id),
        first=lambda: guesses.take_turn(actor),
    )
    if outcome.refused is None:
        return outcome.go()
    return _counter(actor, branch, values=request.form, refusal=outcome.refused), outcome.status


@page.get("/c/<id:community_id>/slips/waiting")
def list_waiting() -> Any:
    """What waits for its member, or for the community's check."""
    return _waiting(current_actor())


def _waiting(actor: Actor, **again: Any) -> str:
    require(actor, slips.CHECK)
    rows = [
        (slip, shown(receipts.see_redemption(actor, redemption.id)), slip.entered_by == actor.person_id)
        for slip, redemption in slips.list_waiting(actor, limit=MOST_WAITING)
        if redemption is not None
    ]
    return render_template("slips/waiting.html", rows=rows, **({"refusal": None} | again))


@page.post("/c/<id:community_id>/slips/<id:slip_id>/acceptance")
def accept(slip_id: UUID) -> Any:
    """Checked, and paid."""
    actor = current_actor()
    return send(
        None,
        lambda _: slips.accept_slip(actor, slip_id).id,
        to=lambda _: url_for(".list_waiting"),
        again=lambda refusal, **_: _waiting(actor, refusal=refusal),
    )
