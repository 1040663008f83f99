"""Signing in: a phone number, then its code (or a password, for staff); consents and joining with the first code."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.acting import set_actor
from api.auth import COOKIE, actor_or_none, current_actor, is_secure, own_cookie, public
from api.schemas.sign_in import CodeRequestSchema, ProofSchema, SignInRequestSchema
from ledger.core.errors import NotFound
from ledger.people import communities, consents, devices, members, providers, sessions, sign_in
from ledger.people.errors import TotpRequired, TotpWrong
from ledger.people.life_errors import ProofWrong, SecondProofNeeded
from ledger.people.models import Purpose, SessionKind
from ledger.people.numbers import Proof
from web.acting import community_of_code
from web.forms import Outcome, mint, submit
from web.forms import read as read_form
from web.preferences import own_address

page = Blueprint("sign_in", __name__)

PURPOSES = [purpose.value for purpose in Purpose]
DEVICE_COOKIE = "device"
DEVICE_LIVES = timedelta(days=730)
LIVES = timedelta(days=sessions.LIVES_DAYS[SessionKind.BROWSER])


@dataclass(frozen=True, slots=True)
class Step:
    """How far a visitor has come: what the page asks for next ("phone", "code", "password"), or the new token.

    `ask_totp`: besides, the second factor; `typed` is the code that stays on the page meanwhile.
    """

    asks: str
    phone: str = ""
    token: str = ""
    refusal: dict[str, str] | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    status: int = 200
    ask_totp: bool = False
    typed: str = ""
    asks_proof: bool = False

    def for_template(self) -> dict[str, Any]:
        """The names that phone.html, code.html, password.html and scan.html know."""
        return {
            f"ask_{self.asks}": True,
            "ask_totp": self.ask_totp,
            "phone": self.phone,
            "values": {"phone": self.phone, "code": self.typed},
            "ask_proof": self.asks_proof,
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
    return _open("code")


def _open(way: str) -> Step:
    """A session by what the form holds ("code" or "password"), with the second factor of who has one."""
    given, errors = read_form(SignInRequestSchema(exclude=("proof",)), phone=_typed_phone())
    if errors:
        return Step("phone" if "phone" in errors and way == "code" else way, _typed_phone(), errors=errors, status=422)
    seen = {"label": devices.called(request.user_agent.string), "address": request.remote_addr or ""}
    more: dict[str, Any] = {"totp": given["totp"], "device": device_here(), **seen}
    if way == "code":
        phone, code, proof = given["phone"], given["code"] or "", _typed_proof()
        made, outcome = mint(lambda: sign_in.sign_in(phone, code, given=given["consents"], proof=proof, **more))
    else:
        phone, password = given["phone"], given["password"] or ""
        made, outcome = mint(lambda: sign_in.sign_in_with_password(phone, password, **more))
    if made is None:
        return _refused(way, outcome)
    token, actor = made
    set_actor(actor)
    return Step("", token=token)


def _refused(way: str, outcome: Outcome) -> Step:
    """Back to the same fields; who has a second factor and did not give it is only asked, not told off."""
    code = (outcome.refused or {}).get("code")
    wants_totp = code in (TotpRequired.code, TotpWrong.code)
    wants_proof = code in (SecondProofNeeded.code, ProofWrong.code)
    return Step(
        way,
        _typed_phone(),
        refusal=None if code == TotpRequired.code else outcome.refused,
        status=outcome.status,
        ask_totp=wants_totp or bool(request.form.get("totp")),
        typed=request.form.get("code", "")[:6] if wants_totp or wants_proof else "",
        asks_proof=wants_proof or _typed_proof() is not None,
    )


def _typed_proof() -> Proof | None:
    """Whose a number is that was not used for long: asked for only when it must be."""
    if request.form.get("is_new"):
        return Proof(is_somebody_else=True)
    card: Proof
    card, errors = read_form(ProofSchema(only=("card_code", "pin")))
    if not errors and card.card_code:
        return card
    name = request.form.get("proof_name", "").strip()[:80]
    return Proof(name=name) if name else None


def _send_code() -> Step:
    asked, errors = read_form(CodeRequestSchema(), phone=_typed_phone())
    if errors:
        return Step("phone", _typed_phone(), errors=errors, status=422)
    address, device = request.remote_addr or "", device_here()
    send = lambda: sign_in.send_code(asked["phone"], address, device=device)  # noqa: E731
    sent = submit(send, lambda _: "", keyed=False, then=lambda: sign_in.deliver_code(asked["phone"]))
    return Step("phone" if sent.refused else "code", _typed_phone(), refusal=sent.refused, status=_status(sent.status))


def _status(status: int) -> int:
    return 200 if status == 303 else status


def _typed_phone() -> str:
    """As people write it, with blanks and dashes between."""
    return re.sub(r"[\s-]", "", request.form.get("phone", ""))[:20]


def keep_signed_in(response: Response, token: str) -> Response:
    """The browser keeps the session; no script and no other site ever sees it."""
    _keep(response, COOKIE, token, LIVES)
    return response


def device_here() -> str:
    """The random label of this browser, by which limits count; it gets one with the answer if it has none."""
    label = request.cookies.get(own_cookie(DEVICE_COOKIE)) or g.get("device_made") or secrets.token_urlsafe(16)
    g.device_made = str(label)[:64]
    return str(g.device_made)


def keep_device(response: Response) -> Response:
    """After each request of the pages: a browser that was given a label keeps it."""
    made = g.get("device_made")
    if made and not request.cookies.get(own_cookie(DEVICE_COOKIE)):
        _keep(response, DEVICE_COOKIE, made, DEVICE_LIVES)
    return response


def _keep(response: Response, name: str, value: str, lives: timedelta) -> None:
    response.set_cookie(
        own_cookie(name), value, max_age=lives, path="/", httponly=True, samesite="Lax", secure=is_secure()
    )


def forget_session(response: Response) -> None:
    """The browser's cookie is gone; the row in the database is another matter."""
    response.delete_cookie(own_cookie(COOKIE), path="/", httponly=True, samesite="Lax", secure=is_secure())


@page.get("/sign-in")
@public
def show() -> Any:
    """The field for the phone number."""
    if actor_or_none() is not None:
        return redirect(_next(), 303)
    return render_template("sign_in/phone.html", next=_next(), values={}, errors={}, provider=providers.provider())


@page.post("/sign-in/code")
@public
def send_code() -> Any:
    """A code is on its way; the field for it, and what one agrees to when one comes for the first time."""
    return _ask(_send_code())


@page.get("/sign-in/password")
@public
def show_password() -> Any:
    """The way in for staff and shop owners who have set a password."""
    if actor_or_none() is not None:
        return redirect(_next(), 303)
    return _ask(Step("password"))


@page.post("/sign-in/password")
@public
def enter_with_password() -> Any:
    """Signed in by password, and back to where one was going."""
    return _go_on(_open("password"))


@page.post("/sign-in")
@public
def enter() -> Any:
    """Signed in, and back to where one was going."""
    return _go_on(advance())


def _go_on(step: Step) -> Any:
    if not step.token:
        return _ask(step)
    return keep_signed_in(redirect(where_to(_next()), 303), step.token)


def _ask(step: Step) -> Any:
    return render_template(f"sign_in/{step.asks}.html", next=_next(), **step.for_template()), step.status


def _next() -> str:
    """Where to go afterwards: only ever a page of ours."""
    return own_address(request.values.get("next"))


def where_to(address: str) -> str:
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
    forget_session(response)
    return response
