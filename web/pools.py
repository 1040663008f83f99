"""Paying together: my household's pool, and choosing at a shop's poster what we pay together."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.pools import PoolConsentRequestSchema
from api.schemas.redemptions import RedemptionRequestSchema
from ledger.core.errors import NotFound
from ledger.core.tenancy import Actor
from ledger.rewards import merchants, offers, pools, redemptions
from ledger.rewards.models import Redemption
from ledger.rewards.pooling import Share
from ledger.rewards.ways import ByPoster
from web.acting import enter_with_code, own_balance, own_member
from web.forms import as_number, send
from web.offered import shown_offer

page = Blueprint("pools", __name__)

EMPTY: dict[str, Any] = {"values": {}, "errors": {}, "refusal": None}
SHORT = "insufficient_points"
"""The one reason that paying together can take away."""


@page.get("/c/<id:community_id>/pool")
def show_mine() -> Any:
    """Who pays with me, what waits for my word, and what I let them use."""
    return _mine()


def _mine(**again: Any) -> str:
    pool = pools.see_pool(own_member())
    me, *others = pool.members
    return render_template("pools/mine.html", pool=pool, me=me, others=others, **(EMPTY | again))


@page.post("/c/<id:community_id>/pool")
def let_them() -> Any:
    """They may use so many without asking."""
    actor = own_member()
    return send(
        PoolConsentRequestSchema(),
        lambda values: pools.let_household_use(actor, values["points_at_most"]),
        to=lambda _: url_for(".show_mine"),
        again=_mine,
    )


@page.post("/c/<id:community_id>/pool/revoke")
def revoke() -> Any:
    """I am asked each time from now on."""
    actor = own_member()
    return send(None, lambda _: pools.revoke(actor), to=lambda _: url_for(".show_mine"), again=_mine)


# --- at the poster ----------------------------------------------------------------------------------------------


@page.get("/s/<branch_code>/together")
def show_shop(branch_code: str) -> Any:
    """What we could pay together here, and a field for each of us."""
    return _shop(branch_code)


def _shop(branch_code: str, **again: Any) -> str:
    actor, branch = _enter(branch_code)
    assert actor.member_id is not None, "own_member refuses whoever is none"
    views = offers.offers_at(actor.tenant, branch, member_id=actor.member_id)
    possible = [view for view in views if {reason.code for reason in view.reasons} <= {SHORT}]
    return render_template(
        "pools/shop.html",
        branch_code=branch_code,
        shop=merchants.describe_merchants([branch.merchant_id])[branch.merchant_id].name,
        offers=[shown_offer(view) for view in possible if not view.terms.minimum_bill_fen],
        others=pools.see_pool(actor).members[1:],
        balance=own_balance(),
        **(EMPTY | again),
    )


def _enter(branch_code: str) -> tuple[Actor, Any]:
    """The visitor as a member of the poster's community. Raises NotSignedIn, NotFound, Forbidden."""
    community_id, branch = merchants.read_poster(branch_code)
    current_actor()
    if enter_with_code(community_id) is None:
        raise NotFound
    return own_member(), branch


@page.post("/s/<branch_code>/together")
def reserve(branch_code: str) -> Any:
    """Reserved; whoever is asked for a part agrees on their own phone, then it can be confirmed."""
    actor, _branch = _enter(branch_code)
    typed = {name.removeprefix("of-"): text.strip() for name, text in request.form.items() if name.startswith("of-")}
    shares = [{"member_id": one, "points": as_number(text)} for one, text in typed.items() if text]
    return send(
        RedemptionRequestSchema(),
        lambda asked: _reserved(actor, asked),
        known={"via": {"merchant_code": branch_code}, "contributions": shares},
        to=lambda redemption: url_for("web.redemptions.show", redemption_id=redemption.id),
        again=lambda **again: _shop(branch_code, **again),
    )


def _reserved(actor: Actor, asked: dict[str, Any]) -> Redemption:
    return redemptions.reserve(
        actor,
        asked["offer_id"],
        way=ByPoster(asked["via"]["merchant_code"]),
        quantity=asked["quantity"],
        contributions=[Share(**one) for one in asked["contributions"]],
    )
