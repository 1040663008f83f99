"""Shops, their agreements' and offers' page, and the poster of a counter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("merchants", __name__)


@page.get("/c/<id:community_id>/merchants")
def list_all() -> Any:
    """Every shop with its agreement's state."""
    raise NotImplementedError  # merchants/list.html


@page.get("/c/<id:community_id>/merchants/new")
def show_new() -> Any:
    """The form of a new shop."""
    raise NotImplementedError  # merchants/new.html


@page.post("/c/<id:community_id>/merchants")
def create() -> Any:
    """A new shop, or the form again with its errors."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>")
def show(merchant_id: UUID) -> Any:
    """One shop: branches, agreement, offers."""
    raise NotImplementedError  # merchants/show.html


@page.get("/c/<id:community_id>/branches/<id:branch_id>/poster")
def show_poster(branch_id: UUID) -> Any:
    """The counter's poster to print."""
    raise NotImplementedError  # merchants/poster.html
