"""Vouchers: mine, buying one, and the office's list. The counter takes them on its own page."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.vouchers import VoucherQuery, VoucherRequestSchema
from ledger.book.codes import Code
from ledger.core import clock, ids
from ledger.core.errors import Forbidden, Invalid
from ledger.core.permissions import reach, reaches_all_by_name
from ledger.core.tenancy import Actor
from ledger.rewards import offers, voucher_reading, vouchers
from ledger.rewards.terms import Wish, obstacles_to_buying
from ledger.rewards.voucher_models import Voucher, VoucherState
from ledger.rewards.voucher_reading import VoucherView
from web.acting import cursor, own_balance, own_member
from web.errors import refusal
from web.forms import ask, read_button, send
from web.last_time import as_last_time
from web.offered import conditions
from web.proofs import proofs_of
from web.state_words import VOUCHER

page = Blueprint("vouchers", __name__)

PAGE_SIZE = 50
MOST_PIECES = 99


def shown(view: VoucherView) -> dict[str, Any]:
    """A voucher as cards, rows and the till know it."""
    voucher = view.voucher
    names = ("id", "number", "quantity", "points", "valid_until", "bought_at", "ended_at")
    return {name: getattr(voucher, name) for name in names} | {
        "name": view.terms.name,
        "kind": view.offer_kind,
        "shop": view.merchant_name,
        "member": view.member_name,
        "status": view.status.value,
        "terms": " · ".join(conditions(view.terms)),
        "minimum_bill_fen": view.terms.minimum_bill_fen,
        "usable": view.is_usable,
        "reasons": [refusal(reason) for reason in view.reasons],
    }


# --- mine ---------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/vouchers")
def list_mine() -> Any:
    """My vouchers, newest first; those that can be used stand above."""
    rows = voucher_reading.list_vouchers(own_member(), mine=True, after=cursor(), limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="voucher.id")
    cards = [shown(one) for one in found["items"]]
    return render_template(
        "vouchers/mine.html",
        usable=[one for one in cards if one["status"] in ("issued", "blocked")],
        over=[one for one in cards if one["status"] not in ("issued", "blocked")],
        next_cursor=found["next_cursor"],
    )


@page.get("/c/<id:community_id>/vouchers/new")
def show_purchase() -> Any:
    """What the voucher costs, what is left afterwards, and until when it can be used."""
    typed = request.args.get("quantity", "1")
    quantity = int(typed) if typed.isdecimal() and 1 <= int(typed[:3]) <= MOST_PIECES else 1
    return _purchase(ids.parse(request.args.get("offer_id", "")) or ids.NO_SUCH_ID, quantity)


def _purchase(offer_id: UUID, quantity: int, refused: dict[str, str] | None = None) -> str:
    actor, balance = own_member(), own_balance()
    terms = offers.see_offer(actor, offer_id).terms
    against = next(obstacles_to_buying(terms, Wish(at=clock.now(), quantity=quantity)), None)
    if not vouchers.is_sold(terms):
        raise Invalid
    return render_template(
        "vouchers/new.html",
        offer={
            "id": offer_id.hex,
            "name": terms.name,
            "kind": terms.kind,
            "shop": terms.merchant_name,
            "pictures": terms.picture_ids or [],
        },
        terms=" · ".join(conditions(terms)),
        quantity=quantity,
        points=terms.points * quantity,
        left=balance.available - terms.points * quantity,
        valid_until=vouchers.valid_until(terms, clock.today()),
        refusal=refused or (refusal(against) if against else None),
        can_buy=against is None,
    )


@page.post("/c/<id:community_id>/vouchers")
def buy() -> Any:
    """Bought: the points have moved."""
    actor, asked = own_member(), read_button(VoucherRequestSchema())
    return send(
        None,
        lambda _: vouchers.buy(actor, asked["offer_id"], quantity=asked["quantity"]).id,
        to=_to_card,
        again=lambda refusal, **_: _purchase(asked["offer_id"], asked["quantity"], refusal),
    )


def _to_card(voucher_id: UUID) -> str:
    return url_for("web.vouchers.show", voucher_id=voucher_id)


@page.get("/c/<id:community_id>/vouchers/<id:voucher_id>")
def show(voucher_id: UUID) -> Any:
    """The voucher as a card: what for, where, until when, and how."""
    return _show(voucher_id)


def _show(voucher_id: UUID, **again: Any) -> str:
    actor = current_actor()
    view = voucher_reading.see_voucher(actor, voucher_id)
    return render_template(
        "vouchers/show.html",
        voucher=shown(view),
        is_mine=view.voucher.member_id in actor.member_ids,
        may_block=_may_block(actor, view.voucher),
        proofs=proofs_of(actor, "voucher", [voucher_id], codes=[Code.BUY, Code.REFUND])[voucher_id],
        refusal=again.get("refusal"),
    )


def _may_block(actor: Actor, voucher: Voucher) -> bool:
    """May the actor block it, or lift the block that is on it?"""
    if _is_staff(actor):
        return True
    own = voucher.member_id in actor.member_ids
    return own and (voucher.blocked_by is None or actor.is_person(voucher.blocked_by))


def _is_staff(actor: Actor) -> bool:
    return reaches_all_by_name(reach(actor, "block_voucher"))


@page.post("/c/<id:community_id>/vouchers/<id:voucher_id>/return")
def give_back(voucher_id: UUID) -> Any:
    """Returned: the points are the member's again."""
    actor = own_member()
    return send(
        None,
        lambda _: vouchers.return_voucher(actor, voucher_id).id,
        to=_to_card,
        again=partial(_show, voucher_id),
    )


@page.post("/c/<id:community_id>/vouchers/<id:voucher_id>/block")
def block(voucher_id: UUID) -> Any:
    """Nobody can use it."""
    actor = current_actor()
    return send(None, lambda _: vouchers.block(actor, voucher_id).id, to=_to_card, again=partial(_show, voucher_id))


@page.post("/c/<id:community_id>/vouchers/<id:voucher_id>/unblock")
def unblock(voucher_id: UUID) -> Any:
    """It can be used again."""
    actor = current_actor()
    return send(None, lambda _: vouchers.unblock(actor, voucher_id).id, to=_to_card, again=partial(_show, voucher_id))


# --- for the office -----------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/office/vouchers")
@as_last_time(VoucherQuery)
def list_all() -> Any:
    """All vouchers of the community, or of one's shop, by number and state."""
    actor = current_actor()
    if not actor.grants and not actor.counters:
        raise Forbidden
    asked = ask(VoucherQuery(exclude=("mine",)))
    rows = voucher_reading.list_vouchers(
        actor,
        status=asked["status"],
        number=asked["number"],
        order=asked["sort"],
        after=asked["cursor"],
        limit=PAGE_SIZE + 1,
    )
    found = page_of(rows, PAGE_SIZE, key="voucher.id")
    return render_template(
        "vouchers/list.html",
        vouchers=[shown(one) for one in found["items"]],
        states=[(state, VOUCHER[state].text) for state in map(str, VoucherState)],
        asked=request.args,
        sort=asked["sort"],
        next_cursor=found["next_cursor"],
    )
