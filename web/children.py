"""Children under fourteen: said of oneself or by staff; and what a guardian agrees to for their child."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from api.auth import current_actor
from api.schemas.children import ChildRequestSchema
from api.schemas.me import ConsentChangeSchema
from ledger.people import children
from web import helping, my_data
from web.acting import own_member
from web.forms import read_button, send

page = Blueprint("children", __name__)


@page.post("/c/<id:community_id>/my-data/childhood")
def say() -> Any:
    """I am a child until this day."""
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    own = actor.member_id
    return send(
        ChildRequestSchema(),
        lambda values: children.set_child(actor, own, values["until"]),
        to=lambda _: url_for("web.my_data.show"),
        again=my_data.show_again,
    )


@page.post("/c/<id:community_id>/members/<id:member_id>/childhood")
def correct(member_id: UUID) -> Any:
    """Staff enter or clear the day."""
    return send(
        ChildRequestSchema(partial=True),
        lambda values: children.set_child(current_actor(), member_id, values.get("until")),
        to=lambda _: url_for("web.helping.show_member", member_id=member_id),
        again=lambda **again: helping.show_member_again(member_id, **again),
    )


@page.post("/c/<id:community_id>/members/<id:member_id>/consents")
def decide(member_id: UUID) -> Any:
    """The guardian agrees for the child, or no longer."""
    asked = read_button(ConsentChangeSchema())
    return send(
        None,
        lambda _: children.decide_for(current_actor(), member_id, asked["purpose"], given=asked["given"]),
        to=lambda _: url_for("web.helping.act", member_id=member_id),
        again=lambda **_: helping.act(member_id),
    )
