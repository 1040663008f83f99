"""Shops, their agreements' and offers' page, and the poster of a counter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from api.addresses import public_root
from api.auth import current_actor
from api.schemas.branches import BranchRequestSchema
from api.schemas.fields import Schema, Sort, Text
from api.schemas.merchants import ClerkRequestSchema, MerchantQuery, MerchantRequestSchema
from api.schemas.sign_in import phone_field
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards import agreements, figures, funds, merchants, offers
from ledger.rewards.figures import Turnover
from ledger.rewards.models import Agreement, AgreementState, AgreementVersion, Merchant, OfferState
from ledger.rewards.offers import OfferOrder
from ledger.rewards.path_caps import caps_in
from web import formats
from web.forms import ask, send
from web.last_time import as_last_time
from web.offered import conditions
from web.qr import qr_svg
from web.state_words import REDEMPTION
from web.words import PATHS

page = Blueprint("merchants", __name__)

MOST = 200


@page.get("/c/<id:community_id>/merchants")
@as_last_time(MerchantQuery)
def list_all() -> Any:
    """Every shop with its agreement's state."""
    actor, asked = current_actor(), ask(MerchantQuery())
    if not reach(actor, "see_agreements"):
        raise Forbidden
    place = {"order": asked["sort"], "after": asked["cursor"], "limit": asked["limit"] + 1}
    rows = merchants.list_merchants(actor, **place)
    shown = _waiting_only(actor, rows) if request.args.get("waiting") else rows[: asked["limit"]]
    return render_template(
        "merchants/list.html",
        merchants=_shown(actor, shown),
        can_manage=may(actor, "draft_agreement"),
        asked=request.args,
        sort=asked["sort"],
        next_cursor=rows[asked["limit"] - 1].id.hex if len(rows) > asked["limit"] else None,
    )


def _waiting_only(actor: Actor, rows: list[Merchant]) -> list[Merchant]:
    """The shops with something for this actor to sign or approve."""
    waiting = {*figures.agreements_to_sign(actor), *figures.offers_to_approve(actor)}
    return [one for one in rows if one.id in waiting]


def _shown(actor: Actor, rows: list[Merchant]) -> list[dict[str, Any]]:
    ids = [one.id for one in rows]
    agreed = agreements.latest_of(actor.tenant, ids)
    counts, branches = offers.count_active(actor.tenant, ids), merchants.count_branches(ids)
    week = figures.turnover_of(actor, clock.week_of(clock.now()))
    to_sign, to_approve = figures.agreements_to_sign(actor), figures.offers_to_approve(actor)
    return [
        {
            "id": one.id.hex,
            "name": one.name,
            "trade": one.trade,
            "branches": branches.get(one.id, 0),
            "agreement": _brief(*agreed[one.id]) if one.id in agreed else None,
            "offers": counts.get(one.id, 0),
            "week": week.get(one.id, Turnover()),
            "to_sign": one.id in to_sign,
            "to_approve": to_approve.count(one.id),
        }
        for one in rows
    ]


def _brief(agreement: Agreement, terms: AgreementVersion) -> dict[str, Any]:
    return {"number": agreement.number, "state": agreement.state, "ends_on": terms.ends_on}


@page.get("/c/<id:community_id>/merchants/new")
def show_new() -> Any:
    """The form of a new shop."""
    return _new(current_actor())


def _new(actor: Actor, **again: Any) -> str:
    require(actor, "draft_agreement")
    return render_template("merchants/new.html", **({"values": {}, "errors": {}, "refusal": None} | again))


class NewShopSchema(MerchantRequestSchema):
    """A shop with its first branch and its owner, in one form."""

    branch_name = Text(80, least=1, required=True)
    address = Text(120, least=1, required=True)
    owner_name = Text(80, least=1, required=True)
    owner_phone = phone_field()


@page.post("/c/<id:community_id>/merchants")
def create() -> Any:
    """A new shop, or the form again with its errors."""
    actor = current_actor()
    require(actor, "draft_agreement")
    return send(
        NewShopSchema(),
        lambda values: _created(actor, **values),
        to=lambda merchant_id: url_for(".show", merchant_id=merchant_id),
        again=lambda **again: _new(actor, **again),
    )


def _created(
    actor: Actor, *, name: str, trade: str, branch_name: str, address: str, owner_name: str, owner_phone: str
) -> UUID:
    merchant = merchants.create_merchant(actor, name, trade=trade)
    merchants.add_branch(actor, merchant.id, name=branch_name, address=address)
    person_id = merchants.person_of(owner_phone)
    merchants.appoint_owner(actor, merchant.id, person_id=person_id, name=owner_name)
    return merchant.id


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>")
def show(merchant_id: UUID) -> Any:
    """One shop: branches, agreement, offers."""
    return show_sheet(merchant_id)


class OffersQuery(Schema):
    """The order of the offers on the shop's page."""

    sort = Sort(OfferOrder.NEWEST)


def show_sheet(merchant_id: UUID, **again: Any) -> str:
    """The shop's page, with what was refused or wrong with one of its forms."""
    actor = current_actor()
    merchant = merchants.see_merchant(actor, merchant_id)
    if not may(actor, "see_agreements", merchant_id=merchant.id):
        raise Forbidden
    found = agreements.list_agreements(actor, merchant_id=merchant.id, limit=1)
    sort = ask(OffersQuery())["sort"]
    places = merchants.list_branches(actor, merchant_id=merchant.id, limit=MOST)
    return render_template(
        "merchants/show.html",
        merchant=merchant,
        branches=places,
        branch_choices=[(one.id.hex, one.name) for one in places],
        staff=_staff(actor, merchant),
        agreement=_agreement(actor, *found[0]) if found else None,
        draft=_draft(actor, found[0][0]) if found else None,
        offers=_offers(actor, merchant, sort),
        sort=sort,
        redemption_states=[(state, word.text) for state, word in REDEMPTION.items()],
        can=_rights(actor, merchant, found[0][0] if found else None),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _staff(actor: Actor, merchant: Merchant) -> list[dict[str, Any]]:
    """Who stands behind the counters, for those who may know."""
    if not (may(actor, "see_roles") or may(actor, "manage_clerks", merchant_id=merchant.id)):
        return []
    behind = merchants.list_counter_staff(actor, merchant.id)
    gives = may(actor, "give_roles")
    ends_clerks = gives or may(actor, "manage_clerks", merchant_id=merchant.id)
    return [
        {
            "id": one.id.hex,
            "name": one.name,
            "role": one.role,
            "may_end": gives or (ends_clerks and one.role == "clerk"),
        }
        for one in behind
    ]


def _rights(actor: Actor, merchant: Merchant, agreement: Agreement | None) -> dict[str, bool]:
    """Which buttons this actor finds on the page."""
    live = agreement is not None and agreement.state != AgreementState.ENDED
    turns = may(actor, "draft_agreement")
    return {
        "draft_agreement": may(actor, "draft_agreement", merchant_id=merchant.id),
        "draft_offer": live and may(actor, "draft_offer", merchant_id=merchant.id),
        "approve": reaches_all_by_name(reach(actor, "sign_agreement")),
        "suspend": turns and agreement is not None and agreement.state == AgreementState.ACTIVE,
        "resume": turns and agreement is not None and agreement.state == AgreementState.SUSPENDED,
        "end": turns and live,
        "add_branch": may(actor, "draft_agreement", merchant_id=merchant.id),
        "see_account": may(actor, "see_bank_accounts", merchant_id=merchant.id),
        "staff": may(actor, "give_roles") or may(actor, "manage_clerks", merchant_id=merchant.id),
    }


def path_limits(stored: Mapping[str, Any] | None) -> Iterator[str]:
    """What an agreement lets each path to a redemption carry, in words."""
    for path, cap in caps_in(stored).items():
        if cap.each is not None:
            yield _("%(path)s一次最多 %(points)s", path=PATHS[path], points=formats.flowers(cap.each))
        if cap.per_day is not None:
            yield _("%(path)s每人每天最多 %(points)s", path=PATHS[path], points=formats.flowers(cap.per_day))


def _agreement(actor: Actor, agreement: Agreement, terms: AgreementVersion) -> dict[str, Any]:
    columns = (
        "rate_fen", "rate_points", "starts_on", "ends_on", "auto_confirm_days", "signatory", "version", "minimum_fen",
        "needs_invoice", "other_days", "undecided_for_shop", "slip_points", "slip_days",
    )  # fmt: skip
    signed = members.names_of(actor.tenant, [terms.signed_by, terms.second_signed_by, terms.owner_signed_by])
    return {name: getattr(terms, name) for name in columns} | {
        "path_caps": list(path_limits(terms.path_caps)),
        "id": agreement.id.hex,
        "number": agreement.number,
        "state": agreement.state,
        "fund": funds.name_of(actor.tenant, terms.fund_id),
        "signed_by": signed.get(terms.signed_by) if terms.signed_by else "",
        "second_signed_by": signed.get(terms.second_signed_by) if terms.second_signed_by else "",
        "owner_signed_by": signed.get(terms.owner_signed_by) if terms.owner_signed_by else "",
    }


def _draft(actor: Actor, agreement: Agreement) -> dict[str, Any] | None:
    """The version that waits for signatures, and whether this actor may sign it now."""
    if agreement.draft_version is None or agreement.state == AgreementState.ENDED:
        return None
    terms = agreements.version_of(agreement, agreement.draft_version)
    is_owner = any(one.merchant_id == agreement.merchant_id for one in actor.counters)
    mine = terms.owner_signed_by if is_owner else terms.signed_by
    may_sign = may(actor, "sign_agreement", merchant_id=agreement.merchant_id)
    return _agreement(actor, agreement, terms) | {
        "is_first": agreement.state == AgreementState.DRAFT,
        "may_sign": may_sign and mine != actor.person_id and not (is_owner and mine is not None),
        "signed_by_me": mine == actor.person_id,
    }


def _offers(actor: Actor, merchant: Merchant, order: OfferOrder) -> list[dict[str, Any]]:
    """Every offer of the shop, each with its draft that waits for approval if there is one."""
    rows = offers.list_versions(actor, merchant.id, order=order)
    live = [row for row in rows if row.offer.state != OfferState.ENDED]
    return [
        {
            "id": offer.id.hex,
            "name": terms.name,
            "kind": offer.kind,
            "points": terms.points,
            "price_fen": terms.price_fen,
            "stock": offer.stock,
            "state": offer.state,
            "terms": " · ".join(conditions(terms)),
            "draft_version": offer.draft_version,
            "waits": draft is not None,
            "draft": draft,
            "newest": (draft or terms).version,
            "pictures": terms.picture_ids or [],
            "waiting_pictures": (draft.picture_ids or []) if draft and draft.picture_ids != terms.picture_ids else None,
            "by_me": draft is not None and draft.actor_id == actor.person_id,
        }
        for offer, terms, draft in [*live, *(row for row in rows if row.offer.state == OfferState.ENDED)]
    ]


class BranchSchema(BranchRequestSchema):
    """A branch as the shop's own page asks for it."""

    class Meta(BranchRequestSchema.Meta):
        exclude = ("merchant_id",)


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/branches")
def add_branch(merchant_id: UUID) -> Any:
    """One more counter, with a poster of its own."""
    actor = current_actor()
    return send(
        BranchSchema(),
        lambda values: merchants.add_branch(actor, merchant_id, **values).merchant_id,
        to=lambda shop: url_for(".show", merchant_id=shop),
        again=lambda **again: show_sheet(merchant_id, **again),
    )


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/clerks")
def appoint_clerk(merchant_id: UUID) -> Any:
    """Somebody serves at the shop's counters from now on."""
    actor = current_actor()
    return send(
        ClerkRequestSchema(),
        lambda values: _appointed(actor, merchant_id, **values),
        to=lambda shop: url_for(".show", merchant_id=shop),
        again=lambda **again: show_sheet(merchant_id, **again),
    )


def _appointed(actor: Actor, merchant_id: UUID, *, phone: str, **asked: Any) -> UUID:
    staff = merchants.appoint_clerk(actor, merchant_id, person_id=merchants.person_of(phone), **asked)
    return staff.merchant_id


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/counter-staff/<id:staff_id>/end")
def end_counter(merchant_id: UUID, staff_id: UUID) -> Any:
    """Somebody stands behind the counter no more, at once."""
    actor = current_actor()
    return send(
        None,
        lambda _values: merchants.end_counter(actor, staff_id),
        to=lambda _none: url_for(".show", merchant_id=merchant_id),
        again=lambda **again: show_sheet(merchant_id, **again),
    )


@page.get("/c/<id:community_id>/branches/<id:branch_id>/poster")
def show_poster(branch_id: UUID) -> Any:
    """The counter's poster to print."""
    actor = current_actor()
    branch = merchants.see_branch(actor, branch_id)
    if not (may(actor, "see_agreements", merchant_id=branch.merchant_id) or actor.counters):
        raise Forbidden
    address = f"{public_root()}/s/{merchants.poster_code(actor, branch)}"
    shop = {"name": merchants.see_merchant(actor, branch.merchant_id).name, "branch": branch.name}
    qr = qr_svg(address, _("兑换二维码：%(name)s", name=shop["name"]))
    sheets = [{"qr": qr, "address": address}]
    return render_template("merchants/poster.html", shop=shop, merchant_id=branch.merchant_id, sheets=sheets)
