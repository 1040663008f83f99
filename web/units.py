"""The place tree."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

page = Blueprint("units", __name__)


@page.get("/c/<id:community_id>/units")
def show_tree() -> Any:
    """Community, compounds, grids, micro-grids, buildings and the party line."""
    raise NotImplementedError  # units/tree.html
