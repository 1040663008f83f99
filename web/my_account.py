"""My account: a new number, leaving, moving to another community."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.leaving import MovingOnSchema
from api.schemas.numbers import NewNumberSchema, OwnNumberSchema
from ledger.people import communities, leaving, own_number, phones, sign_in
from ledger.people.models import LeftReason
from web.acting import own_member
from web.forms import read, send, submit

page = Blueprint("my_account", __name__)

MOST_TYPED = 60


@page.get("/c/<id:community_id>/account")
def show() -> Any:
    """What I have here, and what I can do about it."""
    return _show()


def _show(**again: Any) -> str:
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    seen = leaving.preview_leaving(actor, actor.member_id)
    return render_template(
        "my_account/show.html",
        holding=seen.holding,
        offices=len(seen.offices.rows),
        phone=phones.tail_of(actor.person_id),
        **({"values": {}, "errors": {}, "refusal": None, "asks_code": False} | again),
    )


@page.post("/c/<id:community_id>/account/number/code")
def send_code() -> Any:
    """A code is on its way to the new number."""
    actor = own_member()
    asked, errors = read(NewNumberSchema())
    if errors:
        return _show(values=request.form, errors=errors), 422
    address = request.remote_addr or ""
    sent = submit(
        lambda: own_number.ask_new_number(actor, asked["phone"], address),
        lambda _: "",
        keyed=False,
        then=lambda: sign_in.deliver_code(asked["phone"]),
    )
    return _show(values=request.form, refusal=sent.refused, asks_code=not sent.refused)


@page.post("/c/<id:community_id>/account/number")
def change_number() -> Any:
    """My number is the new one."""
    actor = own_member()
    return send(
        OwnNumberSchema(),
        lambda values: own_number.change_number(actor, values["phone"], values["code"]),
        to=lambda _: url_for(".show"),
        again=lambda **again: _show(**again, asks_code=True),
    )


@page.post("/c/<id:community_id>/account/leave")
def leave() -> Any:
    """I am no member any more; my wallet waits."""
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    own, reason = actor.member_id, LeftReason.MOVED if request.form.get("moved") else LeftReason.LEFT
    return send(
        None,
        lambda _: leaving.leave(current_actor(), own, reason=reason),
        to=lambda _: url_for("web.welcome.show"),
        again=_show,
    )


@page.get("/c/<id:community_id>/account/move")
def ask_where_to() -> Any:
    """Which community one moves to, found by its name, and what moving means."""
    return _ask_where_to()


def _ask_where_to(refusal: Any = None, errors: Any = None, **_typed: Any) -> str:
    actor = own_member()
    assert actor.member_id is not None, "own_member refuses whoever is none"
    typed = request.values.get("to", "")[:MOST_TYPED]
    seen = leaving.preview_leaving(actor, actor.member_id)
    return render_template(
        "my_account/move.html",
        holding=seen.holding,
        offices=len(seen.offices.rows),
        asked={"to": typed},
        found=[one for one in communities.find_communities(typed) if one.id != actor.tenant],
        refusal=refusal,
        chosen_none=bool(errors),
    )


@page.post("/c/<id:community_id>/account/move")
def move() -> Any:
    """I am no member here any more and one there; my wallet waits here."""
    own_member()
    return send(
        MovingOnSchema(only=("community_id",)),
        lambda asked: leaving.move_to(current_actor(), asked["community_id"]),
        to=lambda there: url_for("web.home.show", community_id=there.community_id),
        again=_ask_where_to,
    )
