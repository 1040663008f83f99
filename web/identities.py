"""Signing in by an identity provider, and connecting what it knows of me to my account."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.acting import set_actor
from api.auth import actor_or_none, current_actor, is_secure, own_cookie, public
from ledger.core import clock, secrets
from ledger.core.errors import NotFound
from ledger.people import devices, identities, providers
from ledger.people.errors import ProviderRefused, ProviderStateWrong, TotpRequired
from ledger.people.providers import Journey, Provider
from web.forms import mint, submit
from web.preferences import own_address
from web.sign_in import device_here, keep_signed_in, where_to

page = Blueprint("identities", __name__)

JOURNEY, TICKET = "oidc_journey", "oidc_ticket"
LIVES = timedelta(minutes=10)
LONGEST = 2000


@page.get("/sign-in/provider")
@public
def begin() -> Any:
    """Off to the provider; the browser keeps what it must show when it comes back."""
    url, journey = _provider().begin(_back())
    kept = {"state": journey.state, "nonce": journey.nonce, "verifier": journey.verifier}
    return _keep(redirect(url, 303), JOURNEY, kept | {"next": own_address(request.args.get("next"))})


@page.get("/sign-in/provider/back")
@public
def come_back() -> Any:
    """Known: signed in. Unknown, or signed in already: the question whether to connect."""
    provider, kept = _provider(), _kept(JOURNEY)
    if kept is None or not secrets.same(kept["state"].encode(), request.args.get("state", "").encode()):
        raise ProviderStateWrong
    code = request.args.get("code", "")
    if not 0 < len(code) <= LONGEST:
        raise ProviderRefused(label=provider.label)
    journey = Journey(kept["state"], kept["nonce"], kept["verifier"])
    subject = provider.subject_of(code, journey, _back())
    ticket = {"subject": subject.hex(), "next": kept["next"]}
    answer = _go_on(ticket)
    _forget(answer, JOURNEY)
    return answer


@page.post("/sign-in/provider")
@public
def enter() -> Any:
    """Signed in with the second factor, by what the provider said a moment ago."""
    ticket = _kept(TICKET)
    if ticket is None:
        raise ProviderStateWrong
    return _go_on(ticket, request.form.get("totp", "").strip()[:16] or None)


def _go_on(ticket: dict[str, str], totp: str | None = None) -> Response:
    subject = bytes.fromhex(ticket["subject"])
    if actor_or_none() is not None:
        return _keep(redirect(url_for(".list_mine"), 303), TICKET, ticket)
    if identities.person_of(subject) is None:
        return _keep(redirect(url_for("web.sign_in.show", next=url_for(".list_mine")), 303), TICKET, ticket)
    seen = {"label": devices.called(request.user_agent.string), "address": request.remote_addr or ""}
    made, outcome = mint(lambda: identities.sign_in(subject, totp=totp, device=device_here(), **seen))
    if made is None:
        is_asked = (outcome.refused or {}).get("code") == TotpRequired.code
        refusal = None if is_asked else outcome.refused
        shown = render_template("sign_in/provider.html", errors={}, refusal=refusal, next=ticket["next"])
        return _keep(make_response(shown, outcome.status), TICKET, ticket)
    token, actor = made
    set_actor(actor)
    answer = keep_signed_in(redirect(where_to(ticket["next"]), 303), token)
    _forget(answer, TICKET)
    return answer


@page.get("/me/identities")
def list_mine() -> Any:
    """What opens my sessions besides my number; and, just back from the provider, whether to connect it."""
    return _show()


def _show(refusal: dict[str, str] | None = None, status: int = 200) -> Any:
    ticket, provider = _kept(TICKET), providers.provider()
    waits = provider is not None and ticket is not None
    if ticket is not None and identities.person_of(bytes.fromhex(ticket["subject"])) == current_actor().person_id:
        waits = False
    shown = {"identities": identities.mine(current_actor()), "provider": provider, "waits": waits}
    return render_template("account/identities.html", **shown, refusal=refusal), status


@page.post("/me/identities")
def connect() -> Any:
    """The account at the provider opens my sessions from now on."""
    ticket, label = _kept(TICKET), _provider().label
    if ticket is None:
        raise ProviderStateWrong
    subject = bytes.fromhex(ticket["subject"])
    to = own_address(ticket["next"])
    done = submit(lambda: identities.connect(current_actor(), subject, label), lambda _: to, keyed=False)
    if done.refused:
        return _show(done.refused, done.status)
    answer = done.go()
    _forget(answer, TICKET)
    return answer


@page.post("/me/identities/<id:identity_id>/remove")
def disconnect(identity_id: UUID) -> Any:
    """It opens nothing any more."""
    to = url_for(".list_mine")
    done = submit(lambda: identities.disconnect(current_actor(), identity_id), lambda _: to, keyed=False)
    return done.go() if not done.refused else _show(done.refused, done.status)


def _provider() -> Provider:
    found = providers.provider()
    if found is None:
        raise NotFound
    return found


def _back() -> str:
    return str(current_app.config.get("PUBLIC_URL") or request.host_url.rstrip("/")) + url_for(".come_back")


def _keep(response: Any, name: str, kept: dict[str, str]) -> Response:
    """In a cookie that nobody can read or make, for ten minutes."""
    until = int((clock.now() + LIVES).timestamp())
    sealed = secrets.seal(json.dumps(kept | {"until": until}).encode(), name)
    response.set_cookie(
        own_cookie(name),
        base64.urlsafe_b64encode(sealed).decode(),
        max_age=LIVES,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=is_secure(),
    )
    answer: Response = response
    return answer


def _kept(name: str) -> dict[str, str] | None:
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(own_cookie(name), ""))
        kept: dict[str, Any] = json.loads(secrets.unseal(sealed, name))
    except (ValueError, InvalidTag):
        return None
    return kept if kept.pop("until") > clock.now().timestamp() else None


def _forget(response: Response, name: str) -> None:
    response.delete_cookie(own_cookie(name), path="/", httponly=True, samesite="Lax", secure=is_secure())
