"""A list opens as this browser session last saw it. Its address says so, and so does the page (ADR 0048)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, make_response, redirect, request
from marshmallow import Schema, fields

from api.auth import current_actor, is_secure
from api.schemas.fields import Id, Sort

View = Callable[..., Any]

MARK = "last"
"""The question of an address that was remembered: the page then says that it looks as last time."""

CHOICES = (Sort, fields.Enum, fields.Boolean, fields.String, Id)
"""What is remembered: what one picks. What one types (names) and days that pass are not."""

LONGEST = 500
"""Characters of a remembered address. A longer one is not kept."""


def as_last_time(schema: type[Schema]) -> Callable[[View], View]:
    """What was last picked on the list itself, of the questions of `schema`, holds when it is opened without any.

    An address with questions always wins. The list's own link without any shows all, and that is what is remembered.
    """
    names = [name for name, field in schema().load_fields.items() if type(field) in CHOICES and name != "cursor"]

    def remember(view: View) -> View:
        @wraps(view)
        def shown(*args: Any, **kwargs: Any) -> Any:
            is_from_itself = urlsplit(request.referrer or "").path == _here()
            before = [] if request.args or is_from_itself else _remembered(names)
            if before:
                return redirect(f"{_here()}?{urlencode([*before, (MARK, '1')])}")
            response = make_response(view(*args, **kwargs))
            if is_from_itself and response.status_code == 200:
                _keep(response, [(name, request.args[name]) for name in names if request.args.get(name)])
            return response

        return shown

    return remember


def _here() -> str:
    return request.script_root + request.path


def _name() -> str:
    return f"last.{(request.endpoint or '').removeprefix('web.')}"


def _owner() -> str:
    """Whose session this is: a cookie that somebody else left in the same browser counts for nothing."""
    session_id = current_actor().session_id
    return session_id.hex[-12:] if session_id else ""


def _remembered(names: list[str]) -> list[tuple[str, str]]:
    owner, _, query = request.cookies.get(_name(), "").partition("|")
    return [(name, value) for name, value in parse_qsl(query) if name in names] if owner == _owner() else []


def _keep(response: Response, chosen: list[tuple[str, str]]) -> None:
    """In a cookie for this list alone, until the browser ends; nothing chosen leaves none."""
    query = urlencode(chosen)
    place: dict[str, Any] = {"path": _here(), "httponly": True, "samesite": "Lax", "secure": is_secure()}
    if chosen and len(query) <= LONGEST:
        response.set_cookie(_name(), f"{_owner()}|{query}", **place)
    elif _name() in request.cookies:
        response.delete_cookie(_name(), **place)
