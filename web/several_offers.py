"""Several offers of a shop at once: ticked, previewed with what each costs, then approved or ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from api.auth import current_actor
from api.schemas.fields import Id
from ledger.core.errors import Invalid
from ledger.core.tenancy import Actor
from ledger.people import members
from ledger.rewards import merchants, several_offers
from ledger.rewards.several_offers import MOST_AT_ONCE, Foreseen, Step
from web.errors import refusal
from web.forms import read, send

page = Blueprint("several_offers", __name__)


class ChosenSchema(Schema):
    """The ticked offers, and the button."""

    offer_ids = fields.List(Id(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))
    step = fields.Enum(Step, by_value=True, required=True)


class SeenSchema(Schema):
    """The offers as the preview showed them: each with the version that waited (0: none)."""

    seen = fields.List(
        fields.String(validate=validate.Regexp(r"^[0-9a-f]{32}-[0-9]{1,7}\Z")),
        required=True,
        validate=validate.Length(min=1, max=MOST_AT_ONCE),
    )
    step = fields.Enum(Step, by_value=True, required=True)


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/offers/preview")
def preview(merchant_id: UUID) -> Any:
    """What the press would do to each of the ticked offers; stores nothing."""
    actor = current_actor()
    merchants.see_merchant(actor, merchant_id)
    chosen, errors = read(ChosenSchema())
    if "step" in errors:
        raise Invalid
    if errors:
        flash(_("先勾选商品。"), "no")
        return redirect(url_for("web.merchants.show", merchant_id=merchant_id), 303)
    return _preview(actor, merchant_id, chosen["offer_ids"], chosen["step"])


def _preview(actor: Actor, merchant_id: UUID, offer_ids: list[UUID], step: Step, **again: Any) -> str:
    found = several_offers.foresee(actor, merchant_id, offer_ids, step=step)
    drafters = {one.row.draft.actor_id for one in found if one.row.draft is not None}
    names = members.names_of(actor.tenant, drafters)
    return render_template(
        "offers/several.html",
        merchant=merchants.see_merchant(actor, merchant_id),
        step=str(step),
        offers=[_shown(one, names) for one in found],
        going=[f"{one.row.offer.id.hex}-{one.row.offer.draft_version or 0}" for one in found if one.reason is None],
        **again,
    )


def _shown(one: Foreseen, names: dict[UUID, str]) -> dict[str, Any]:
    """An offer of the preview: what is in force and what would be."""
    is_draft = one.terms is one.row.draft
    return {
        "name": one.terms.name,
        "kind": one.row.offer.kind,
        "points": one.terms.points,
        "price_fen": one.terms.price_fen,
        "before": one.row.terms.points if is_draft and one.row.offer.state == "active" else None,
        "drafter": names.get(one.terms.actor_id, "") if is_draft else "",
        "refused": refusal(one.reason) if one.reason is not None else None,
    }


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/offers/decide")
def decide(merchant_id: UUID) -> Any:
    """All of them as previewed, or the preview again with what has changed since."""
    actor = current_actor()
    merchants.see_merchant(actor, merchant_id)
    asked, errors = read(SeenSchema())
    if errors:
        raise Invalid
    seen = {UUID(hex=one[:32]): int(one[33:]) or None for one in asked["seen"]}
    several_offers.foresee(actor, merchant_id, list(seen), step=asked["step"])  # They are this shop's.
    return send(
        None,
        lambda _values: several_offers.decide(actor, asked["step"], seen),
        to=lambda _done: url_for("web.merchants.show", merchant_id=merchant_id),
        again=lambda values, errors, refusal: _preview(actor, merchant_id, list(seen), asked["step"], refusal=refusal),
    )
