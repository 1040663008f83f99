"""The front door."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from api.auth import public

page = Blueprint("welcome", __name__)


@page.get("/")
@public
def show() -> Any:
    """Signed out: what this is and the way in. One community: its home. Several: a choice of them."""
    raise NotImplementedError  # welcome.html
