"""Activities and their posters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("activities", __name__)


@page.get("/c/<id:community_id>/activities")
def list_all() -> Any:
    """Coming and past activities."""
    raise NotImplementedError  # activities/list.html


@page.get("/c/<id:community_id>/activities/new")
def show_new() -> Any:
    """The form of a new activity."""
    raise NotImplementedError  # activities/new.html


@page.post("/c/<id:community_id>/activities")
def create() -> Any:
    """A new activity with its poster, or the form again with its errors."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/activities/<id:activity_id>/poster")
def show_poster(activity_id: UUID) -> Any:
    """An A4 page to print."""
    raise NotImplementedError  # activities/poster.html
