"""The stall (摊位): card after card, two presses a person, and the field is ready for the next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.redemptions import PinSchema, RedemptionRequestSchema
from api.schemas.till import TillRequestSchema
from ledger.core import clock, ids, secrets
from ledger.core.tenancy import Actor
from ledger.people import card_codes, guesses
from ledger.rewards import merchants, receipts, redemptions, tills
from ledger.rewards.tills import Till
from ledger.rewards.ways import ByTill
from web.forms import read, read_button, submit
from web.offered import shown_offer
from web.redemptions import shown
from web.tills import asked_branch, shop_of

page = Blueprint("stalls", __name__)

LATEST = 5


@page.get("/c/<id:community_id>/stall")
def show() -> Any:
    """The field for the next code, and how the last ones stand."""
    return _stall(current_actor())


def _stall(actor: Actor, **again: Any) -> str:
    branch = asked_branch(actor, tills.branches_of(actor))
    today = clock.today()
    latest = [shown(one) for one in receipts.list_redemptions(actor, branch_id=branch.id, on=today, limit=LATEST)]
    done = ids.parse(request.args.get("done", ""))
    return render_template(
        "stalls/next.html",
        branch={"id": branch.id.hex, "name": branch.name, "shop": shop_of(branch)},
        latest=latest,
        done=next((one for one in latest if one["id"] == done), None),
        total=receipts.total_of_day(actor, branch.id, on=today),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/stall")
def scan() -> Any:
    """Who stands here: by the code on their phone, or by their card."""
    actor = current_actor()
    values, errors = read(TillRequestSchema())
    if errors:
        return _stall(actor, values=request.form, errors=errors), 422
    branch_id = values.pop("branch_id")
    if len(secrets.as_typed(values["member_code"])) == card_codes.LENGTH:
        values = {"card_code": values["member_code"]}  # One field for both, as at the till.
    outcome = submit(
        lambda: tills.open_till(actor, branch_id, **values).visit.id,
        lambda till_id: url_for(".show_member", till_id=till_id),
        keyed=False,
        first=lambda: guesses.take_turn(actor),
    )
    return outcome.go() if outcome.refused is None else (_stall(actor, refusal=outcome.refused), outcome.status)


@page.get("/c/<id:community_id>/stall/<id:till_id>")
def show_member(till_id: UUID) -> Any:
    """What they can have here: one press, after the PIN where a card was read."""
    return _member(till_id)


def _member(till_id: UUID, **again: Any) -> str:
    till = tills.see_till(current_actor(), till_id)
    offers = [shown_offer(view) for view in till.offers]
    usable = [one for one in offers if one["usable"]]
    branch = merchants.describe_branches([till.visit.branch_id])[till.visit.branch_id]
    return render_template(
        "stalls/member.html",
        till_id=till.visit.id,
        branch={"id": branch.id.hex, "shop": shop_of(branch)},
        name=till.member_name,
        available=_available(till),
        asks_pin=till.visit.card_id is not None,
        is_over=till.visit.expires_at <= clock.now(),
        offers=[one for one in usable if not one["minimum_bill_fen"]],
        others=[one for one in offers if not one["usable"]],
        has_more=bool(till.vouchers) or any(one["minimum_bill_fen"] for one in usable),
        **({"errors": {}, "refusal": None} | again),
    )


def _available(till: Till) -> int | None:
    """What the member can spend, as the offers were judged by it; None where the shop offers nothing."""
    return next((view.terms.available for view in till.offers), None)


@page.post("/c/<id:community_id>/stall/<id:till_id>")
def give(till_id: UUID) -> Any:
    """Confirmed by the PIN, or waiting for the member's phone; the field is ready for the next either way."""
    actor = current_actor()
    asked = read_button(RedemptionRequestSchema(only=("offer_id", "quantity")))
    offer_id = asked.pop("offer_id")
    typed, errors = read(PinSchema())
    if errors:
        return _member(till_id, errors=errors), 422
    outcome = submit(
        lambda: redemptions.reserve(actor, offer_id, way=ByTill(till_id, typed.get("pin")), **asked),
        lambda done: url_for(".show", branch_id=done.branch_id.hex, done=done.id.hex),
        first=lambda: guesses.take_turn(actor) if typed else None,
    )
    return outcome.go() if outcome.refused is None else (_member(till_id, refusal=outcome.refused), outcome.status)
