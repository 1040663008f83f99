"""Who asks: a bearer token or the pages' cookie becomes an Actor with its rights. Closed unless declared public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from werkzeug.routing import BaseConverter

from api.acting import actor_or_none, current_actor, set_actor
from api.shields import cookie_name
from ledger.core import audit, ids, walls
from ledger.core.errors import NotFound, NotSignedIn, ScopeMissing
from ledger.core.tenancy import Actor
from ledger.people import sessions, tokens

View = TypeVar("View", bound=Callable[..., Any])

COOKIE = "session_token"
"""The pages' sign-in: an opaque token, HttpOnly, SameSite=Lax, Secure outside development."""

__all__ = [
    "COOKIE",
    "IdConverter",
    "actor_or_none",
    "current_actor",
    "enter_community",
    "for_strangers",
    "is_public",
    "is_secure",
    "own_cookie",
    "public",
    "register",
    "visitor_of",
    "whoever_asks",
]


class IdConverter(BaseConverter):
    """An id in an address. A malformed one is read as one that does not exist, so both answer 404 in their turn."""

    regex = "[^/]{1,64}"
    part_isolating = True  # Werkzeug sees a slash in it, and would try one long pattern for each route in turn.

    def to_python(self, value: str) -> UUID:
        return ids.parse(value) or ids.NO_SUCH_ID

    def to_url(self, value: UUID | str) -> str:
        return value.hex if isinstance(value, UUID) else value


def public(view: View) -> View:
    """Declare that a view needs no sign-in."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(endpoint: str) -> bool:
    return bool(getattr(current_app.view_functions[endpoint], "is_public", False))


def register(app: Flask) -> None:
    app.url_map.converters["id"] = IdConverter
    app.url_value_preprocessor(_take_community)
    app.before_request(_authenticate)
    app.after_request(_name_request)
    app.teardown_request(lambda _fault: _leave())


def _take_community(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The community of the address is part of the actor, not an argument of the view; the database is told it too."""
    g.community_id = values.pop("community_id", None) if values else None
    walls.enter(g.community_id or ids.NOBODY)


def _leave() -> None:
    audit.forget_request()
    walls.leave()


def _authenticate() -> None:
    """401 without credentials, then 404 for a stranger to the community: before anything else is looked at."""
    audit.request_id.set(ids.new_id().hex)
    audit.origin.set(audit.origin_of(request.remote_addr or ""))
    if request.endpoint is None or request.endpoint == "static":
        return
    inside = g.community_id is not None and not hasattr(current_app.view_functions[request.endpoint], "for_strangers")
    try:
        set_actor(sessions.actor_in(_token(), g.community_id) if inside else sessions.actor_of(_token()))
    except NotSignedIn:
        if not is_public(request.endpoint) or _bearer_token() is not None:
            raise
        return
    except NotFound:
        set_actor(sessions.actor_of(_token()))  # A stranger to the community is no stranger to the audit.
        raise
    _keep_to_scope(current_actor(), request.endpoint)


def _keep_to_scope(actor: Actor, endpoint: str) -> None:
    """ScopeMissing unless the token was made for what is asked: the one place where scopes are enforced."""
    if actor.scopes is None:
        return
    if not request.path.startswith("/api/"):
        raise ScopeMissing  # A program's token opens no page.
    is_read = request.method in ("GET", "HEAD", "OPTIONS")
    tokens.require_scope(
        actor, endpoint.rpartition(".")[0], is_read=is_read, is_who_am_i=is_read and endpoint == "me.get_me"
    )


def enter_community(community_id: UUID) -> Actor:
    """The signed-in person acts inside this community from now on; NotFound for a stranger."""
    actor = sessions.enter(current_actor(), community_id)
    walls.enter(community_id)
    set_actor(actor)
    return actor


def visitor_of(community_id: UUID) -> Actor | None:
    """On an address that is open to everybody: the signed-in person as the community knows them, or None."""
    if actor_or_none() is None:
        return None
    try:
        return enter_community(community_id)
    except NotFound:
        return None


def whoever_asks() -> Actor | None:
    """The signed-in person, on an address that is none of ours too; None where nobody has signed in."""
    known, token = actor_or_none(), _token()
    if known is not None or not token:
        return known
    try:
        return sessions.actor_of(token)
    except NotSignedIn:
        return None


def _token() -> str:
    """The API knows only bearer tokens, so no foreign page can borrow a cookie for it; pages know only the cookie."""
    is_api = request.path.startswith("/api/")
    return (_bearer_token() if is_api else request.cookies.get(own_cookie(COOKIE))) or ""


def own_cookie(name: str) -> str:
    """What a cookie of ours is called here."""
    return cookie_name(name, current_app.config["REDFLOWER_ENV"])


def _bearer_token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def is_secure() -> bool:
    """Do our cookies travel only over TLS? Everywhere but on a developer's machine."""
    return bool(current_app.config["REDFLOWER_ENV"] != "development")


def for_strangers(view: View) -> View:
    """Declare that a signed-in person who is not (yet) of the community may call the view (joining)."""
    view.for_strangers = True  # type: ignore[attr-defined]
    return view


def _name_request(response: Response) -> Response:
    response.headers["X-Request-Id"] = audit.request_id.get()
    return response
