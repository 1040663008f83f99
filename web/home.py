"""A volunteer's home."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

page = Blueprint("home", __name__)


@page.get("/c/<id:community_id>/")
def show() -> Any:
    """Balance, hours, what is expected, what happened."""
    raise NotImplementedError  # home.html
