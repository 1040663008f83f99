"""The community's desk."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

page = Blueprint("office", __name__)


@page.get("/c/<id:community_id>/office")
def show() -> Any:
    """What waits for me, and the week in numbers."""
    raise NotImplementedError  # office/home.html
