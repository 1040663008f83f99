"""What points can be used for: as a member, at a shop's poster, and as the one who writes offers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.auth import public

page = Blueprint("offers", __name__)


@page.get("/c/<id:community_id>/rewards")
def list_usable() -> Any:
    """All shops' offers, with what I can afford first."""
    raise NotImplementedError  # offers/list.html


@page.get("/s/<branch_code>")
@public
def show_shop(branch_code: str) -> Any:
    """The shop whose poster was scanned: its offers for me, and why not the rest."""
    raise NotImplementedError  # offers/shop.html


@page.post("/s/<branch_code>")
def reserve(branch_code: str) -> Any:
    """Reserved at this shop; the confirmation follows."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/offers/new")
def show_new(merchant_id: UUID) -> Any:
    """The form of a new offer."""
    raise NotImplementedError  # offers/new.html


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/offers")
def create(merchant_id: UUID) -> Any:
    """A new offer, or the form again with its errors."""
    raise NotImplementedError
