"""What points can be used for: as a member, at a shop's poster, and as the one who writes offers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from api.auth import actor_or_none, current_actor, public
from api.schemas.redemptions import RedemptionRequestSchema
from ledger.core.errors import Invalid
from ledger.core.tenancy import Actor
from ledger.rewards import merchants, offers, redemptions
from ledger.rewards.models import Branch, Redemption
from ledger.rewards.offers import EVERY_DAY, OfferView
from ledger.rewards.terms import Terms
from ledger.rewards.ways import ByPoster
from web import formats
from web.acting import enter_with_code, own_balance, own_member
from web.errors import refusal
from web.forms import read, submit
from web.words import WEEKDAYS

page = Blueprint("offers", __name__)

MOST_OFFERS = 200


@page.get("/c/<id:community_id>/rewards")
def list_usable() -> Any:
    """All shops' offers, with what I can afford first."""
    shops = _shops(own_member())
    return render_template("offers/list.html", balance=own_balance(), shops=shops, redemption_day=None)


def _shops(actor: Actor) -> list[dict[str, Any]]:
    """Every shop that offers something, those with something for this member now first."""
    groups: dict[UUID, list[OfferView]] = {}
    for view in sorted(offers.list_offers(actor, limit=MOST_OFFERS), key=_points):
        groups.setdefault(view.terms.merchant_id, []).append(view)
    branches: dict[UUID, list[Branch]] = {}
    for branch in sorted(merchants.list_branches(actor, limit=MOST_OFFERS), key=_age):
        branches.setdefault(branch.merchant_id, []).append(branch)
    shops = [_shop(group, branches.get(merchant_id, [])) for merchant_id, group in groups.items()]
    return sorted(shops, key=_nothing_usable)


def _points(view: OfferView) -> int:
    return view.terms.points


def _age(branch: Branch) -> UUID:
    return branch.id


def _nothing_usable(shop: dict[str, Any]) -> bool:
    return not any(offer["usable"] for offer in shop["offers"])


def _shop(group: list[OfferView], branches: list[Branch]) -> dict[str, Any]:
    usable_first = sorted(group, key=_cannot_be_had)
    return {
        "name": group[0].terms.merchant_name,
        "branches": [{"name": branch.name, "address": branch.address} for branch in branches],
        "offers": [shown_offer(view) for view in usable_first],
    }


def _cannot_be_had(view: OfferView) -> bool:
    return not view.is_usable


def shown_offer(view: OfferView) -> dict[str, Any]:
    """An offer for a row of the kit."""
    terms = view.terms
    return {
        "id": terms.offer_id.hex,
        "name": terms.name,
        "kind": terms.kind,
        "points": terms.points,
        "stock": terms.stock,
        "minimum_bill_fen": terms.minimum_bill_fen,
        "terms": " · ".join(_conditions(terms)),
        "usable": view.is_usable,
        "reasons": [refusal(reason) for reason in view.reasons],
    }


def _conditions(terms: Terms) -> Iterator[str]:
    """When and how an offer can be had, where it is not always and for everybody."""
    if terms.weekdays != EVERY_DAY:
        yield _("、").join(str(WEEKDAYS[day]) for day in range(7) if terms.weekdays & 1 << day)
    if terms.from_time or terms.until_time:
        yield f"{terms.from_time or time(0):%H:%M}–{terms.until_time or time(0):%H:%M}"
    if terms.minimum_bill_fen:
        yield _("满 %(amount)s 可用", amount=formats.yuan(terms.minimum_bill_fen))
    if terms.per_member_per_day:
        yield _("每人每天 %(count)s 份", count=terms.per_member_per_day)
    if terms.per_member_per_week:
        yield _("每人每周 %(count)s 份", count=terms.per_member_per_week)
    if terms.ends_on:
        yield _("到 %(day)s 为止", day=formats.calendar_day(terms.ends_on))


@page.get("/s/<branch_code>")
@public
def show_shop(branch_code: str) -> Any:
    """The shop whose poster was scanned: its offers for me, and why not the rest."""
    return _show_shop(branch_code)


def _show_shop(branch_code: str, refused: dict[str, str] | None = None) -> str:
    community_id, branch = merchants.read_poster(branch_code)
    actor = enter_with_code(community_id)
    member_id = actor.member_id if actor else None
    found = [shown_offer(view) for view in offers.offers_at(community_id, branch, member_id=member_id)]
    merchant = merchants.describe_merchants([branch.merchant_id])[branch.merchant_id]
    return render_template(
        "offers/shop.html",
        shop={"name": merchant.name, "branch": branch.name, "address": branch.address},
        branch_code=branch_code,
        signed_in=actor_or_none() is not None,
        balance=own_balance() if member_id else None,
        usable=[offer for offer in found if offer["usable"]],
        others=[offer for offer in found if not offer["usable"]],
        refusal=refused,
    )


@page.post("/s/<branch_code>")
def reserve(branch_code: str) -> Any:
    """Reserved at this shop; the confirmation follows."""
    community_id, _branch = merchants.read_poster(branch_code)
    enter_with_code(community_id)
    asked, errors = read(RedemptionRequestSchema(), via={"merchant_code": branch_code})
    if errors:
        return _show_shop(branch_code, refusal(Invalid())), 422
    outcome = submit(lambda: _reserve(asked), lambda row: url_for("web.redemptions.show", redemption_id=row.id))
    return outcome.go() if outcome.refused is None else (_show_shop(branch_code, outcome.refused), outcome.status)


def _reserve(asked: dict[str, Any]) -> Redemption:
    way = ByPoster(asked["via"]["merchant_code"])
    return redemptions.reserve(
        current_actor(), asked["offer_id"], way=way, quantity=asked["quantity"], bill_fen=asked["bill_fen"]
    )


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/offers/new")
def show_new(merchant_id: UUID) -> Any:
    """The form of a new offer."""
    raise NotImplementedError  # offers/new.html


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/offers")
def create(merchant_id: UUID) -> Any:
    """A new offer, or the form again with its errors."""
    raise NotImplementedError
