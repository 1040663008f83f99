"""Agreements with shops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from marshmallow import fields, validate

from api.auth import current_actor
from api.schemas.agreements import AgreementTermsSchema
from api.schemas.fields import Schema, WholeNumber
from ledger.core.errors import NotFound
from ledger.core.permissions import require
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards import agreements, funds, merchants, offers
from ledger.rewards.agreements import AgreementTerms
from ledger.rewards.models import Agreement, AgreementState, AgreementVersion, OfferState, Path
from ledger.rewards.path_caps import LOWER_FOR_PAPER, PathCap, caps_in
from web.forms import as_number, ask, read_button, send
from web.merchants import show_sheet
from web.offered import conditions
from web.words import PATHS

page = Blueprint("agreements", __name__)

TYPED = (
    "rate_points", "starts_on", "ends_on", "signatory", "auto_confirm_days", "needs_invoice", "other_days",
    "undecided_for_shop", "slip_points", "slip_days",
)  # fmt: skip

USUAL = {
    "rate_points": 10, "rate_fen": "1", "auto_confirm_days": 3, "minimum_fen": "0", "other_days": True,
    "undecided_for_shop": True, "slip_points": 0, "slip_days": 3,
}  # fmt: skip


MOST = 200


class PaperQuery(Schema):
    """Which version to print."""

    version = fields.Integer(load_default=None, validate=validate.Range(min=1, max=1_000_000))


class VersionSchema(Schema):
    """Which version a form was made from."""

    version = WholeNumber(0, 1_000_000, required=True)


@page.get("/c/<id:community_id>/agreements/<id:agreement_id>/paper")
def show_paper(agreement_id: UUID) -> Any:
    """What was agreed, on one sheet to print: the version that is asked for, else the one in force."""
    actor, asked = current_actor(), ask(PaperQuery())
    agreement, versions = agreements.see_agreement(actor, agreement_id)
    terms = next((one for one in versions if one.version == (asked["version"] or agreement.version)), None)
    if terms is None:
        raise NotFound
    signers = (terms.signed_by, terms.second_signed_by, terms.owner_signed_by)
    return render_template(
        "agreements/paper.html",
        agreement=agreement,
        terms=terms,
        shop=merchants.load_merchant(actor.tenant, agreement.merchant_id),
        branches=merchants.list_branches(actor, merchant_id=agreement.merchant_id, limit=MOST),
        fund=funds.name_of(actor.tenant, terms.fund_id),
        offers=_agreed_offers(actor, agreement),
        names=members.names_of(actor.tenant, signers),
    )


def _agreed_offers(actor: Actor, agreement: Agreement) -> list[dict[str, Any]]:
    """What the shop gives under the agreement today, as approved."""
    rows = offers.list_versions(actor, agreement.merchant_id)
    return [
        {"name": terms.name, "points": terms.points, "price_fen": terms.price_fen, "terms": conditions(terms)}
        for offer, terms, _draft in rows
        if offer.agreement_id == agreement.id and offer.state == OfferState.ACTIVE
    ]


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/agreements/new")
def show_new(merchant_id: UUID) -> Any:
    """The form of an agreement or of its next version."""
    return _new(merchant_id)


def _new(merchant_id: UUID, **again: Any) -> str:
    actor = current_actor()
    merchant = merchants.load_merchant(actor.tenant, merchant_id)
    require(actor, "draft_agreement", merchant_id=merchant.id)
    newest = _newest(actor, merchant_id)
    return render_template(
        "agreements/new.html",
        merchant=merchant,
        version=newest.version if newest else 0,
        paths=list(PATHS.items()),
        funds=[(fund_id.hex, name) for fund_id, name in funds.names_of(actor.tenant)],
        **({"values": _typed(newest), "errors": {}, "refusal": None} | again),
    )


def _live(actor: Actor, merchant_id: UUID) -> Agreement | None:
    """The shop's agreement that has not ended."""
    found = agreements.latest_of(actor.tenant, [merchant_id]).get(merchant_id)
    return found[0] if found and found[0].state != AgreementState.ENDED else None


def _newest(actor: Actor, merchant_id: UUID) -> AgreementVersion | None:
    """Its latest version, in force or drafted."""
    agreement = _live(actor, merchant_id)
    if agreement is None:
        return None
    return agreements.version_of(agreement, agreements.newest_version(actor.tenant, agreement.id))


def _caps_of(caps: Mapping[Path, PathCap]) -> dict[str, Any]:
    """The fields of the form for what each path carries."""
    found: dict[str, Any] = {}
    for path, cap in caps.items():
        found |= {f"each-{path.value}": cap.each, f"day-{path.value}": cap.per_day}
    return found


def _caps_typed() -> list[dict[str, Any]]:
    """What the form says of each path, as the schema reads it; a path with two empty fields carries any."""
    typed = {
        path: {"each": request.form.get(f"each-{path}"), "per_day": request.form.get(f"day-{path}")} for path in PATHS
    }
    return [
        {"path": path} | {name: as_number(text) for name, text in cap.items() if text}
        for path, cap in typed.items()
        if any(cap.values())
    ]


def _typed(newest: AgreementVersion | None) -> dict[str, Any]:
    """What the form starts with: the version before, or what most agreements say."""
    if newest is None:
        return USUAL | _caps_of(LOWER_FOR_PAPER)
    rate = f"{newest.rate_fen / 100:.2f}".removesuffix(".00")
    minimum = f"{newest.minimum_fen / 100:.2f}".removesuffix(".00")
    typed = {name: getattr(newest, name) for name in TYPED} | _caps_of(caps_in(newest.path_caps))
    return typed | {"rate_fen": rate, "minimum_fen": minimum, "fund_id": newest.fund_id.hex}


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/agreements")
def create(merchant_id: UUID) -> Any:
    """A draft of the first or next version, or the form again with its errors."""
    actor = current_actor()
    read_version = read_button(VersionSchema())["version"]
    return send(
        AgreementTermsSchema(),
        lambda values: _drafted(actor, merchant_id, read_version, AgreementTerms(**values)),
        known={"path_caps": _caps_typed()},
        to=lambda _: url_for("web.merchants.show", merchant_id=merchant_id),
        again=lambda **again: _new(merchant_id, **again),
    )


def _drafted(actor: Actor, merchant_id: UUID, read_version: int, terms: AgreementTerms) -> Agreement:
    merchants.load_merchant(actor.tenant, merchant_id)
    live = _live(actor, merchant_id)
    if live is None or not read_version:
        return agreements.draft_agreement(actor, merchant_id, terms=terms)
    return agreements.amend_agreement(actor, live.id, read_version=read_version, terms=terms)


def _turn(agreement_id: UUID, verb: Callable[[Actor], Agreement]) -> Any:
    """One step of an agreement, then its shop's page."""
    actor = current_actor()
    return send(
        None,
        lambda _: verb(actor).merchant_id,
        to=lambda merchant_id: url_for("web.merchants.show", merchant_id=merchant_id),
        again=lambda **again: show_sheet(agreements.see_agreement(actor, agreement_id)[0].merchant_id, **again),
    )


@page.post("/c/<id:community_id>/agreements/<id:agreement_id>/sign")
def sign(agreement_id: UUID) -> Any:
    """Signed by one side; in force when both of the community have."""
    version = read_button(VersionSchema())["version"]
    return _turn(agreement_id, lambda actor: agreements.sign_agreement(actor, agreement_id, version=version))


@page.post("/c/<id:community_id>/agreements/<id:agreement_id>/suspend")
def suspend(agreement_id: UUID) -> Any:
    """Nothing can be redeemed at the shop for now."""
    return _turn(agreement_id, lambda actor: agreements.suspend_agreement(actor, agreement_id))


@page.post("/c/<id:community_id>/agreements/<id:agreement_id>/resume")
def resume(agreement_id: UUID) -> Any:
    """The shop takes part again."""
    return _turn(agreement_id, lambda actor: agreements.resume_agreement(actor, agreement_id))


@page.post("/c/<id:community_id>/agreements/<id:agreement_id>/end")
def end(agreement_id: UUID) -> Any:
    """Over for good."""
    return _turn(agreement_id, lambda actor: agreements.end_agreement(actor, agreement_id))
