"""The community pot: giving to it, its published use, and the office's side of both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.donations import DonationRequestSchema, PotUseRequestSchema
from ledger.book.codes import Code
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, reach, reaches_all_by_name
from ledger.core.tenancy import Actor
from ledger.rewards import donations, pot_uses
from ledger.rewards.donation_models import PotUse, PotUseState
from ledger.rewards.donations import DonationView
from web import holders
from web.acting import cursor, own_balance, own_member
from web.forms import read, send
from web.proofs import proofs_of

page = Blueprint("donations", __name__)

PAGE_SIZE = 50
LATEST = 10
EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}


# --- for members --------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/donations")
def show_mine() -> Any:
    """What the pot is for, what it was used for, how to give, and what I gave."""
    return _mine()


def _mine(**again: Any) -> str:
    actor = own_member()
    return render_template(
        "donations/mine.html",
        balance=own_balance(),
        pot=pot_uses.see_pot(actor),
        uses=pot_uses.list_uses(actor, status=PotUseState.DONE, limit=LATEST),
        mine=[_shown(view) for view in donations.list_donations(actor, mine=True, limit=LATEST)],
        **(EMPTY | again),
    )


def _shown(view: DonationView) -> dict[str, Any]:
    donation = view.donation
    names = ("id", "points", "receipt_number", "given_at", "undone_at")
    return {name: getattr(donation, name) for name in names} | {
        "status": donation.state,
        "purpose": view.purpose,
        "member": view.member_name,
        "until": donation.given_at + donations.undoable_since() if view.may_be_undone else None,
    }


@page.post("/c/<id:community_id>/donations/confirm")
def preview() -> Any:
    """The amount once more, by name, before anything moves."""
    balance = own_balance()
    values, errors = read(DonationRequestSchema())
    if errors:
        return _mine(values=request.form, errors=errors), 422
    return render_template("donations/confirm.html", gift=values, left=balance.available - values["points"])


@page.post("/c/<id:community_id>/donations")
def give() -> Any:
    """Given: the points are the pot's."""
    actor = own_member()
    return send(
        DonationRequestSchema(),
        lambda values: donations.give(actor, values["points"], purpose=values["purpose"]).id,
        to=_to_receipt,
        again=_mine,
    )


def _to_receipt(donation_id: UUID) -> str:
    return url_for("web.donations.show", donation_id=donation_id)


@page.get("/c/<id:community_id>/donations/<id:donation_id>")
def show(donation_id: UUID) -> Any:
    """The receipt of a donation; for ten minutes with a way back."""
    return _show(donation_id)


def _show(donation_id: UUID, **again: Any) -> str:
    actor = current_actor()
    view = donations.see_donation(actor, donation_id)
    return render_template(
        "donations/receipt.html",
        donation=_shown(view),
        is_mine=view.donation.member_id in actor.member_ids,
        proofs=proofs_of(actor, donations.SOURCE, [donation_id], codes=[Code.DONATE])[donation_id],
        refusal=again.get("refusal"),
    )


@page.post("/c/<id:community_id>/donations/<id:donation_id>/undo")
def undo(donation_id: UUID) -> Any:
    """Taken back."""
    actor = own_member()
    return send(
        None,
        lambda _: donations.undo(actor, donation_id).id,
        to=_to_receipt,
        again=partial(_show, donation_id),
    )


# --- for the office -----------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/office/pot")
def show_pot() -> Any:
    """The pot, its uses with those that wait, and who gave."""
    return _pot()


def _pot(**again: Any) -> str:
    actor = current_actor()
    if not reaches_all_by_name(reach(actor, "see_donations")) and not _is_second(actor):
        raise Forbidden
    found = page_of(donations.list_donations(actor, after=cursor(), limit=PAGE_SIZE + 1), PAGE_SIZE, key="donation.id")
    uses = pot_uses.list_uses(actor, limit=PAGE_SIZE)
    people = holders.people(actor, {one for use in uses for one in (use.asked_by, use.decided_by)})
    return render_template(
        "donations/pot.html",
        pot=pot_uses.see_pot(actor),
        uses=[_use(actor, use, people) for use in uses],
        donations=[_shown(view) for view in found["items"]],
        next_cursor=found["next_cursor"],
        may_ask=may(actor, "use_pot"),
        **(EMPTY | again),
    )


def _is_second(actor: Actor) -> bool:
    return bool(reach(actor, "second_pot_use"))


def _use(actor: Actor, use: PotUse, people: dict[UUID | None, str]) -> dict[str, Any]:
    names = ("id", "points", "words", "asked_at", "decided_at")
    waits = use.state == PotUseState.AWAITING_SECOND
    return {name: getattr(use, name) for name in names} | {
        "status": use.state,
        "asked_by": people.get(use.asked_by, ""),
        "decided_by": people.get(use.decided_by, ""),
        "may_decide": waits and _is_second(actor) and not actor.is_person(use.asked_by),
        "may_withdraw": waits and actor.is_person(use.asked_by),
    }


@page.post("/c/<id:community_id>/office/pot")
def ask_use() -> Any:
    """It waits for a second person."""
    actor = current_actor()
    return send(
        PotUseRequestSchema(),
        lambda values: pot_uses.ask_use(actor, values["points"], words=values["words"]),
        to=_to_pot,
        again=_pot,
    )


def _to_pot(_: Any) -> str:
    return url_for("web.donations.show_pot")


@page.post("/c/<id:community_id>/office/pot/<id:use_id>/approve")
def approve(use_id: UUID) -> Any:
    """The points have left the pot, and every member reads for what."""
    return _step(use_id, pot_uses.approve_use)


@page.post("/c/<id:community_id>/office/pot/<id:use_id>/decline")
def decline(use_id: UUID) -> Any:
    """Nothing moves."""
    return _step(use_id, pot_uses.decline_use)


@page.post("/c/<id:community_id>/office/pot/<id:use_id>/withdraw")
def withdraw(use_id: UUID) -> Any:
    """Who asked takes it back."""
    return _step(use_id, pot_uses.withdraw_use)


def _step(use_id: UUID, verb: Callable[[Actor, UUID], PotUse]) -> Any:
    actor = current_actor()
    return send(None, lambda _: verb(actor, use_id), to=_to_pot, again=_pot)
