"""Language and large type: kept in cookies, chosen by a form, known before anybody signs in."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request

from api.auth import is_secure, public
from web.languages import LANGUAGE_COOKIE, LANGUAGES
from web.look import LARGE, SIZE_COOKIE

page = Blueprint("preferences", __name__)

YEAR_SECONDS = 365 * 24 * 3600


@page.post("/language")
@public
def choose_language() -> Response:
    """The page one came from, in the chosen language."""
    chosen = request.form.get("language", "")
    return _remember(LANGUAGE_COOKIE, chosen if chosen in LANGUAGES else "")


@page.post("/size")
@public
def choose_size() -> Response:
    """The page one came from, in 长辈版 or in ordinary type."""
    return _remember(SIZE_COOKIE, LARGE if request.form.get("size") == LARGE else "")


def own_address(address: str | None) -> str:
    """`address` when it is a path of this house, else the front door: nobody is sent to a stranger's site."""
    safe = address and address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if address and safe else "/"


def _remember(cookie: str, value: str) -> Response:
    response = redirect(own_address(request.form.get("next")), 303)
    assert isinstance(response, Response)
    if value:
        response.set_cookie(cookie, value, max_age=YEAR_SECONDS, httponly=True, samesite="Lax", secure=is_secure())
    else:
        response.delete_cookie(cookie)
    return response
