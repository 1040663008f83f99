"""What every template may name, and the guard of every page form."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from flask import g, request, url_for
from flask_wtf import CSRFProtect  # type: ignore[import-untyped]

from ledger.core import clock
from web import calling, languages, look, navigation
from web.last_time import MARK

csrf = CSRFProtect()


def protect_forms() -> None:
    """A form is ours or it is refused; the API has its own rule (tokens, no cookies)."""
    if request.method == "POST":
        csrf.protect()


def page() -> dict[str, Any]:
    """Names of every page. `community` and `me` are None before sign-in; `me` = {name, roles[], permissions, desk}."""
    me = getattr(g, "me", None)
    return {
        "language": languages.language(),
        "languages": languages.LANGUAGES.items(),
        "large": look.is_large(),
        "hand_css": look.HAND_CSS,
        "asset": look.asset,
        "community": getattr(g, "community", None),
        "me": me,
        "acting_for": getattr(g, "acting_for", None),
        "navigation": navigation.entries(me["desk"]) if me else [],
        "room": navigation.room_of(request.endpoint or ""),
        "home_url": url_for(me["home"]) if me else url_for("web.welcome.show"),
        "here": request.full_path.rstrip("?") if request.method == "GET" else request.path,
        "now": clock.now(),
        "to_call": calling.to_call,
        "new_key": lambda: uuid.uuid4().hex,
        "with_query": with_query,
        "with_filters": with_filters,
    }


def with_query(**changes: str | None) -> str:
    """This page's address with some of its questions changed; None takes one away."""
    asked = {**request.args.to_dict(), **changes}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return request.script_root + request.path + (f"?{query}" if query else "")


def with_filters(endpoint: str, **more: str) -> str:
    """The address of another form of this page's list, with the filters that it is shown with."""
    asked = {name: value for name, value in request.args.items() if value and name not in ("cursor", "limit", MARK)}
    query = urlencode(asked | more)
    return url_for(endpoint) + (f"?{query}" if query else "")
