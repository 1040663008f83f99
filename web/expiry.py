"""How long the community's flowers last, and the page on which an admin decides it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.expiry import ExpiryPolicyRequestSchema
from ledger.book import expiry
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor
from ledger.people import members
from web.forms import send

page = Blueprint("expiry", __name__)

LATEST = 12
CHOICES = (None, 6, 12, 18, 24, 36)
"""Months that a community chooses from; another number can be set through the API."""


@page.get("/c/<id:community_id>/expiry")
def show() -> Any:
    """The rule that counts, what expires when, what was decided before, and the form for another rule."""
    return _show(current_actor())


def _show(actor: Actor, **again: Any) -> str:
    require(actor, "see_books")
    decided = expiry.policies(actor, limit=LATEST)
    return render_template(
        "expiry/show.html",
        months=decided[0].months if decided else None,
        decided=decided,
        names=_names(actor, [one.actor_id for one in decided]),
        schedule=expiry.points_by_day(actor),
        can_decide=may(actor, "manage_expiry"),
        choices=CHOICES,
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _names(actor: Actor, person_ids: list[UUID]) -> dict[UUID, str]:
    """Who decided; nobody's name for whoever sees names only masked."""
    return {} if members.is_masked_for(actor) else members.names_of(actor.tenant, person_ids)


@page.post("/c/<id:community_id>/expiry")
def decide() -> Any:
    """Another rule for what is earned from now on."""
    actor = current_actor()
    return send(
        ExpiryPolicyRequestSchema(partial=True),
        lambda values: expiry.set_policy(actor, values.get("months")).id,
        to=lambda _done: url_for(".show"),
        again=lambda **again: _show(actor, **again),
    )
