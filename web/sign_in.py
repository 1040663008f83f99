"""Signing in: a phone number, then its code; consents and joining with the first code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.acting import set_actor
from api.auth import COOKIE, actor_or_none, current_actor, public
from api.schemas.sign_in import CodeRequestSchema, SignInRequestSchema
from ledger.core.errors import NotFound
from ledger.people import communities, consents, members, sessions, sign_in
from ledger.people.models import Purpose, SessionKind
from web.acting import community_of_code
from web.forms import mint, submit
from web.forms import read as read_form
from web.preferences import own_address

page = Blueprint("sign_in", __name__)

PURPOSES = [purpose.value for purpose in Purpose]
LIVES = timedelta(days=sessions.LIVES_DAYS[SessionKind.BROWSER])


@dataclass(frozen=True, slots=True)
class Step:
    """How far a visitor has come: what the page asks for next ("phone", "code"), or the token of the new session."""

    asks: str
    phone: str = ""
    token: str = ""
    refusal: dict[str, str] | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    status: int = 200

    def for_template(self) -> dict[str, Any]:
        """The names that phone.html, code.html and scan.html know."""
        return {
            f"ask_{self.asks}": True,
            "phone": self.phone,
            "values": {"phone": self.phone},
            "errors": self.errors,
            "refusal": self.refusal,
            # Asked of everybody alike: else the page would tell strangers whose number is known here.
            "purposes": PURPOSES if self.asks == "code" else [],
            "development": current_app.config["REDFLOWER_ENV"] == "development",
        }


def advance() -> Step:
    """The form's phone number gets a code, or its code opens a session: then the visitor is the actor from here on."""
    if request.form.get("code") is None or request.form.get("again"):
        return _send_code()
    given, errors = read_form(SignInRequestSchema(), phone=_typed_phone())
    if errors:
        return Step("phone" if "phone" in errors else "code", _typed_phone(), errors=errors, status=422)
    label = request.user_agent.string
    made, outcome = mint(lambda: sign_in.sign_in(given["phone"], given["code"], given=given["consents"], label=label))
    if made is None:
        return Step("code", _typed_phone(), refusal=outcome.refused, status=outcome.status)
    token, actor = made
    set_actor(actor)
    return Step("", token=token)


def _send_code() -> Step:
    asked, errors = read_form(CodeRequestSchema(), phone=_typed_phone())
    if errors:
        return Step("phone", _typed_phone(), errors=errors, status=422)
    sent = submit(lambda: sign_in.send_code(asked["phone"], request.remote_addr or ""), lambda _: "", keyed=False)
    return Step("phone" if sent.refused else "code", _typed_phone(), refusal=sent.refused, status=_status(sent.status))


def _status(status: int) -> int:
    return 200 if status == 303 else status


def _typed_phone() -> str:
    """As people write it, with blanks and dashes between."""
    return re.sub(r"[\s-]", "", request.form.get("phone", ""))[:20]


def keep_signed_in(response: Response, token: str) -> Response:
    """The browser keeps the session; no script and no other site ever sees it."""
    secure = current_app.config["REDFLOWER_ENV"] != "development"
    response.set_cookie(COOKIE, token, max_age=LIVES, httponly=True, samesite="Lax", secure=secure)
    return response


@page.get("/sign-in")
@public
def show() -> Any:
    """The field for the phone number."""
    if actor_or_none() is not None:
        return redirect(_next(), 303)
    return render_template("sign_in/phone.html", next=_next(), values={}, errors={})


@page.post("/sign-in/code")
@public
def send_code() -> Any:
    """A code is on its way; the field for it, and what one agrees to when one comes for the first time."""
    return _ask(_send_code())


@page.post("/sign-in")
@public
def enter() -> Any:
    """Signed in, and back to where one was going."""
    step = advance()
    if not step.token:
        return _ask(step)
    return keep_signed_in(redirect(_where_to(_next()), 303), step.token)


def _ask(step: Step) -> Any:
    return render_template(f"sign_in/{step.asks}.html", next=_next(), **step.for_template()), step.status


def _next() -> str:
    """Where to go afterwards: only ever a page of ours."""
    return own_address(request.values.get("next"))


def _where_to(address: str) -> str:
    """The next page; before it the question for consent, if this is a volunteer who never gave it."""
    person_id, community_id = current_actor().person_id, _community_behind(address)
    volunteers = community_id or communities.memberships_of(person_id).members
    if volunteers and Purpose.SERVICE not in consents.given_by(person_id):
        return url_for("web.sign_in.show_consents", next=address)
    _join(community_id, [])
    return address


def _join(community_id: UUID | None, given: list[Purpose]) -> None:
    if community_id is not None:
        submit(lambda: members.join_community(current_actor(), community_id, given=given), lambda _: "", keyed=False)


def _community_behind(address: str) -> UUID | None:
    """The community of the scanned code to which one returns: scanning it and signing in is joining."""
    room, _, code = address.removeprefix("/").partition("/")
    try:
        return community_of_code(code).id if room in ("q", "s") else None
    except NotFound:
        return None


@page.get("/sign-in/consents")
def show_consents() -> Any:
    """What one agrees to, asked once."""
    return _ask_consents()


@page.post("/sign-in/consents")
def give_consents() -> Any:
    """Agreed, and on the way again."""
    given = chosen_purposes()
    if Purpose.SERVICE not in given:
        return _ask_consents(), 422
    submit(lambda: consents.give(current_actor().person_id, given), lambda _: "", keyed=False)
    _join(_community_behind(_next()), given)
    return redirect(_next(), 303)


def _ask_consents() -> str:
    return render_template("sign_in/first.html", next=_next(), purposes=PURPOSES, must_consent=True)


def chosen_purposes() -> list[Purpose]:
    """What was ticked."""
    return [Purpose(one) for one in request.form.getlist("consents") if one in PURPOSES]


@page.post("/sign-out")
def sign_out() -> Any:
    """Signed out: the session row is dead, not only the cookie."""
    actor = current_actor()
    if actor.session_id is not None:
        sessions.revoke(actor, actor.session_id)
    response = redirect(url_for("web.welcome.show"), 303)
    response.delete_cookie(COOKIE)
    return response
