"""The shop's counter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for

from api.auth import current_actor
from api.schemas.redemptions import PinSchema, RedemptionRequestSchema
from api.schemas.till import TillRequestSchema
from api.schemas.vouchers import VoucherUseSchema
from ledger.book import reading
from ledger.book.codes import Kind
from ledger.core import clock, ids, secrets
from ledger.core.errors import Forbidden
from ledger.core.permissions import reach, require
from ledger.core.tenancy import Actor
from ledger.people import card_codes, communities, guesses
from ledger.rewards import merchants, receipts, redemptions, refunds, tills
from ledger.rewards.models import Branch, RedemptionState
from ledger.rewards.receipts import Receipt
from ledger.rewards.vouchers import use
from ledger.rewards.ways import ByTill
from web import vouchers
from web.forms import read, read_button, send, submit
from web.offered import shown_offer
from web.redemptions import shown

page = Blueprint("tills", __name__)

SHOWN = 50
"""How many of today's redemptions stand under the field; the sum is of all."""


@page.get("/till")
def find_counter() -> Any:
    """Where a member's QR leads: to one's own counter. The code stays behind the #, which no server sees."""
    counters = communities.memberships_of(current_actor().person_id).counters
    if not counters:
        raise Forbidden
    return redirect(url_for(".show_counter", community_id=counters[0].community_id), 303)


@page.get("/c/<id:community_id>/till")
def show_counter() -> Any:
    """The field for a member's code, and today's list with its sum."""
    return _counter(current_actor())


def _counter(actor: Actor, **again: Any) -> str:
    counters = tills.branches_of(actor)
    branch = asked_branch(actor, counters)
    today = clock.today()
    return render_template(
        "tills/counter.html",
        counters=[(one.id.hex, one.name) for one in counters],
        branch={
            "id": branch.id.hex,
            "merchant_id": branch.merchant_id,
            "name": branch.name,
            "shop": shop_of(branch),
        },
        today=[shown(one) for one in receipts.list_redemptions(actor, branch_id=branch.id, on=today, limit=SHOWN)],
        day=today,
        total=receipts.total_of_day(actor, branch.id, on=today),
        accounts=_accounts_of(actor, branch.merchant_id),
        **again,
    )


def _accounts_of(actor: Actor, merchant_id: UUID) -> list[tuple[UUID, str]]:
    """The shop's accounts (points taken in, money owed to it) for its owner; no clerk sees them."""
    if not reach(actor, "see_books"):
        return []
    rows = reading.list_accounts_of(actor, (Kind.MERCHANT, Kind.PAYABLE, Kind.VOUCHER), owner_ids=[merchant_id])
    return [(row.id, row.kind) for row in rows]


def asked_branch(actor: Actor, counters: list[Branch]) -> Branch:
    """The counter that the address or form names, else the first of the actor's."""
    asked = request.values.get("branch_id", "")
    return tills.counter_of(actor, ids.parse(asked) or ids.NO_SUCH_ID) if asked else counters[0]


def shop_of(branch: Branch) -> str:
    """What the shop of a branch is called."""
    return merchants.describe_merchants([branch.merchant_id])[branch.merchant_id].name


@page.post("/c/<id:community_id>/till")
def open_visit() -> Any:
    """The code is used up and a visit is open."""
    actor = current_actor()
    values, errors = read(TillRequestSchema())
    if errors:
        return _counter(actor, values=request.form, errors=errors), 422
    branch_id = values.pop("branch_id")
    if len(secrets.as_typed(values["member_code"])) == card_codes.LENGTH:
        values = {"card_code": values["member_code"]}  # One field for both: the shorter one is a card's.
    outcome = submit(
        lambda: tills.open_till(actor, branch_id, **values).visit.id,
        lambda till_id: url_for(".show_visit", till_id=till_id),
        keyed=False,
        first=lambda: guesses.take_turn(actor),
    )
    return outcome.go() if outcome.refused is None else (_counter(actor, refusal=outcome.refused), outcome.status)


@page.get("/c/<id:community_id>/till/<id:till_id>")
def show_visit(till_id: UUID) -> Any:
    """What this member can use here now, and why not the rest."""
    return _visit(till_id)


def _visit(till_id: UUID, **again: Any) -> str:
    till = tills.see_till(current_actor(), till_id)
    branch = merchants.describe_branches([till.visit.branch_id])[till.visit.branch_id]
    shown = {
        "till_id": till.visit.id,
        "expires_at": till.visit.expires_at,
        "asks_pin": till.visit.card_id is not None,
        "is_over": till.visit.expires_at <= clock.now(),
        "member": {"name": till.member_name},
        "offers": [shown_offer(view) for view in till.offers],
        "vouchers": [vouchers.shown(view) for view in till.vouchers],
    }
    return render_template(
        "tills/visit.html", till=shown, branch={"name": branch.name, "shop": shop_of(branch)}, **again
    )


@page.post("/c/<id:community_id>/till/<id:till_id>")
def reserve(till_id: UUID) -> Any:
    """Reserved: the member's phone asks for confirmation."""
    actor = current_actor()
    asked = read_button(RedemptionRequestSchema(only=("offer_id", "quantity", "bill_fen")))
    offer_id = asked.pop("offer_id")
    typed, errors = read(PinSchema())
    if errors:
        return _visit(till_id, errors=errors), 422
    outcome = submit(
        lambda: redemptions.reserve(actor, offer_id, way=ByTill(till_id, typed.get("pin")), **asked).id,
        lambda redemption_id: url_for(".show_redemption", redemption_id=redemption_id),
        first=lambda: guesses.take_turn(actor) if typed else None,
    )
    return outcome.go() if outcome.refused is None else (_visit(till_id, refusal=outcome.refused), outcome.status)


@page.post("/c/<id:community_id>/till/<id:till_id>/vouchers/<id:voucher_id>")
def use_voucher(till_id: UUID, voucher_id: UUID) -> Any:
    """The member's voucher is taken: their phone asks for confirmation, or the card's PIN has said yes."""
    actor = current_actor()
    asked = read_button(VoucherUseSchema(only=("bill_fen",)))
    typed, errors = read(PinSchema())
    if errors:
        return _visit(till_id, errors=errors), 422
    outcome = submit(
        lambda: use(actor, voucher_id, way=ByTill(till_id, typed.get("pin")), **asked).id,
        lambda redemption_id: url_for(".show_redemption", redemption_id=redemption_id),
        first=lambda: guesses.take_turn(actor) if typed else None,
    )
    return outcome.go() if outcome.refused is None else (_visit(till_id, refusal=outcome.refused), outcome.status)


@page.get("/c/<id:community_id>/till/redemptions/<id:redemption_id>")
def show_redemption(redemption_id: UUID) -> Any:
    """Waiting for the member, then the receipt."""
    return _redemption(redemption_id)


def _redemption(redemption_id: UUID, **again: Any) -> str:
    actor = current_actor()
    receipt = receipts.see_redemption(actor, redemption_id)
    redemption = receipt.redemption
    require(actor, "use_till", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)
    return render_template(
        "tills/redemption.html",
        redemption=shown(receipt),
        branch_id=redemption.branch_id.hex,
        undo_until=_undo_until(actor, receipt),
        **again,
    )


def _undo_until(actor: Actor, receipt: Receipt) -> Any:
    """Until when this operator may undo the whole; None when they may not."""
    redemption = receipt.redemption
    if receipt.status is not RedemptionState.CONFIRMED or redemption.confirmed_at is None:
        return None
    until = redemption.confirmed_at + timedelta(minutes=refunds.UNDO_MINUTES)
    return until if redemption.reserved_by == actor.person_id and clock.now() <= until else None


@page.post("/c/<id:community_id>/till/redemptions/<id:redemption_id>/cancel")
def cancel(redemption_id: UUID) -> Any:
    """The reservation is given back before the member confirmed it."""
    actor = current_actor()
    return send(
        None,
        lambda _: redemptions.cancel(actor, redemption_id).id,
        to=lambda done: url_for(".show_redemption", redemption_id=done),
        again=lambda **again: _redemption(redemption_id, **again),
    )


@page.post("/c/<id:community_id>/till/redemptions/<id:redemption_id>/undo")
def undo(redemption_id: UUID) -> Any:
    """Refunded as a whole by the one who made it, within ten minutes."""
    actor = current_actor()
    return send(
        None,
        lambda _: refunds.undo(actor, redemption_id).redemption_id,
        to=lambda done: url_for(".show_redemption", redemption_id=done),
        again=lambda **again: _redemption(redemption_id, **again),
    )
