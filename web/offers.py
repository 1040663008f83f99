"""What points can be used for: as a member, at a shop's poster, and as the one who writes offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, render_template, request, url_for

from api.auth import actor_or_none, current_actor, for_strangers, public
from api.schemas.offers import OfferRequestSchema
from api.schemas.redemptions import RedemptionRequestSchema
from ledger.book.balances import member_balance
from ledger.core.errors import Invalid, NotFound
from ledger.core.permissions import require
from ledger.core.photos import MEDIA_TYPE
from ledger.core.sent_photos import MOST_PHOTOS
from ledger.core.tenancy import Actor
from ledger.people import helping
from ledger.rewards import agreements, merchants, offer_pictures, offers, redemptions
from ledger.rewards.models import Agreement, AgreementState, Branch, Offer, OfferKind, Path, Redemption
from ledger.rewards.offers import OfferTerms, OfferView
from ledger.rewards.ways import ByPoster
from web.acting import asked_for, enter_with_code, own_balance, own_member
from web.agreements import VersionSchema
from web.errors import refusal
from web.forms import read, read_button, send, submit
from web.merchants import show_sheet
from web.offered import shown_offer

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


@page.get("/s/<branch_code>")
@public
def show_shop(branch_code: str) -> Any:
    """The shop whose poster was scanned: its offers for me, and why not the rest."""
    return _show_shop(branch_code)


def _show_shop(branch_code: str, refused: dict[str, str] | None = None) -> str:
    community_id, branch = merchants.read_poster(branch_code)
    actor = enter_with_code(community_id)
    member_id = (asked_for() or actor.member_id) if actor else None
    path = Path.HELPER if asked_for() else Path.MERCHANT_CODE
    found = [shown_offer(view) for view in offers.offers_at(community_id, branch, member_id=member_id, path=path)]
    merchant = merchants.describe_merchants([branch.merchant_id])[branch.merchant_id]
    return render_template(
        "offers/shop.html",
        shop={"name": merchant.name, "branch": branch.name, "address": branch.address},
        branch_code=branch_code,
        signed_in=actor_or_none() is not None,
        balance=member_balance(community_id, member_id) if member_id else None,
        helped=helping.helped_now(actor) if actor and actor.member_id else [],
        usable=[offer for offer in found if offer["usable"]],
        others=[offer for offer in found if not offer["usable"]],
        refusal=refused,
    )


@page.post("/s/<branch_code>")
def reserve(branch_code: str) -> Any:
    """Reserved at this shop; the confirmation follows."""
    community_id, _branch = merchants.read_poster(branch_code)
    enter_with_code(community_id)
    member_id = asked_for()
    known = {"on_behalf_of": member_id.hex} if member_id else {}
    asked, errors = read(RedemptionRequestSchema(), via={"merchant_code": branch_code}, **known)
    if errors:
        return _show_shop(branch_code, refusal(Invalid())), 422
    outcome = submit(lambda: _reserve(asked), lambda row: url_for("web.redemptions.show", redemption_id=row.id))
    return outcome.go() if outcome.refused is None else (_show_shop(branch_code, outcome.refused), outcome.status)


def _reserve(asked: dict[str, Any]) -> Redemption:
    way = ByPoster(asked["via"]["merchant_code"])
    return redemptions.reserve(
        current_actor(),
        asked["offer_id"],
        way=way,
        quantity=asked["quantity"],
        bill_fen=asked["bill_fen"],
        on_behalf_of=asked["on_behalf_of"],
    )


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/offers/new")
def show_new(merchant_id: UUID) -> Any:
    """The form of a new offer."""
    return _new(merchant_id)


def _new(merchant_id: UUID, **again: Any) -> str:
    actor = current_actor()
    agreement = _agreement_of(actor, merchant_id)
    require(actor, "draft_offer", merchant_id=merchant_id)
    return render_template(
        "offers/new.html",
        merchant=merchants.see_merchant(actor, merchant_id),
        agreement_id=agreement.id.hex,
        branches=merchants.list_branches(actor, merchant_id=merchant_id, limit=MOST_OFFERS),
        weekdays=request.form.getlist("weekday") or [str(1 << day) for day in range(7)],
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _agreement_of(actor: Actor, merchant_id: UUID) -> Agreement:
    """The shop's agreement under which something can be offered; NotFound without one."""
    merchants.load_merchant(actor.tenant, merchant_id)
    found = agreements.latest_of(actor.tenant, [merchant_id]).get(merchant_id)
    if found is None or found[0].state == AgreementState.ENDED:
        raise NotFound
    return found[0]


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/offers")
def create(merchant_id: UUID) -> Any:
    """A draft that waits for somebody else's approval, or the form again with its errors."""
    actor = current_actor()
    agreement_id = _agreement_of(actor, merchant_id).id
    ticked = {int(bit) for bit in request.form.getlist("weekday") if bit in WEEKDAY_BITS}
    return send(
        OfferRequestSchema(),
        lambda values: _drafted(actor, **values | {"picture_ids": _sent(actor)}),
        known={"agreement_id": agreement_id.hex, "weekdays": sum(ticked)},
        to=lambda _: url_for("web.merchants.show", merchant_id=merchant_id),
        again=lambda **again: _new(merchant_id, **again),
    )


def _sent(actor: Actor) -> tuple[UUID, ...]:
    """The pictures that came with the form, sent ahead of their offer."""
    files = [one.read() for one in request.files.getlist("pictures")[: MOST_PHOTOS + 1] if one.filename]
    return tuple(offer_pictures.send_picture(actor, content).id for content in files)


@page.post("/c/<id:community_id>/offers/<id:offer_id>/pictures")
def change_pictures(offer_id: UUID) -> Any:
    """The next version is drafted, with these pictures in the place of the old ones; somebody else approves it."""
    version = read_button(VersionSchema())["version"]
    return _turn(offer_id, lambda actor: _repictured(actor, offer_id, version))


def _repictured(actor: Actor, offer_id: UUID, version: int) -> Offer:
    newest = offers.versions_of(actor, offer_id)[1][0]
    terms = replace(offers.terms_in(newest), picture_ids=_sent(actor))
    return offers.change_offer(actor, offer_id, read_version=version, terms=terms)


@page.get("/c/<id:community_id>/offers/<id:offer_id>/pictures/<id:picture_id>.jpg")
@public
@for_strangers
def show_picture(offer_id: UUID, picture_id: UUID) -> Response:
    """A picture of what is offered, `small` for lists: of active offers for anybody, as their posters are."""
    actor, is_small = enter_with_code(g.community_id), "small" in request.args
    content = offer_pictures.read_picture(g.community_id, offer_id, picture_id, actor=actor, is_small=is_small)
    return Response(content, content_type=MEDIA_TYPE, headers={"Cache-Control": "private, max-age=86400"})


WEEKDAY_BITS = {str(1 << day) for day in range(7)}


def _drafted(
    actor: Actor,
    *,
    agreement_id: UUID,
    kind: OfferKind,
    stock: int | None,
    branch_ids: list[UUID] | None,
    **terms: Any,
) -> Offer:
    places = tuple(branch_ids) if branch_ids else None
    return offers.draft_offer(actor, agreement_id, kind=kind, terms=OfferTerms(**terms, branch_ids=places), stock=stock)


@page.post("/c/<id:community_id>/offers/<id:offer_id>/approve")
def approve(offer_id: UUID) -> Any:
    """The version that was read is in force."""
    version = read_button(VersionSchema())["version"]
    return _turn(offer_id, lambda actor: offers.approve_offer(actor, offer_id, version=version))


@page.post("/c/<id:community_id>/offers/<id:offer_id>/end")
def end(offer_id: UUID) -> Any:
    """Nobody can choose it any more."""
    return _turn(offer_id, lambda actor: offers.end_offer(actor, offer_id))


def _turn(offer_id: UUID, verb: Callable[[Actor], Offer]) -> Any:
    """One step of an offer, then its shop's page."""
    actor = current_actor()
    return send(
        None,
        lambda _: verb(actor).merchant_id,
        to=lambda merchant_id: url_for("web.merchants.show", merchant_id=merchant_id),
        again=lambda **again: show_sheet(offers.versions_of(actor, offer_id)[0].merchant_id, **again),
    )
