"""Signing in: a phone number, then its code; consents and joining with the first code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.auth import public

page = Blueprint("sign_in", __name__)


@page.get("/sign-in")
@public
def show() -> Any:
    """The field for the phone number."""
    raise NotImplementedError  # sign_in/phone.html


@page.post("/sign-in/code")
@public
def send_code() -> Any:
    """A code is on its way; the field for it, and at the first time what one agrees to."""
    raise NotImplementedError  # sign_in/code.html


@page.post("/sign-in")
@public
def sign_in() -> Any:
    """Signed in, and back to where one was going."""
    raise NotImplementedError


@page.post("/sign-out")
def sign_out() -> Any:
    """Signed out: the session row is dead, not only the cookie."""
    raise NotImplementedError
