"""The shop's counter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("tills", __name__)


@page.get("/c/<id:community_id>/till")
def show_counter() -> Any:
    """The field for a member's code, and today's list with its sum."""
    raise NotImplementedError  # tills/counter.html


@page.post("/c/<id:community_id>/till")
def open_visit() -> Any:
    """The code is used up and a visit is open."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/till/<id:till_id>")
def show_visit(till_id: UUID) -> Any:
    """What this member can use here now, and why not the rest."""
    raise NotImplementedError  # tills/visit.html


@page.post("/c/<id:community_id>/till/<id:till_id>")
def reserve(till_id: UUID) -> Any:
    """Reserved: the member's phone asks for confirmation."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/till/redemptions/<id:redemption_id>")
def show_redemption(redemption_id: UUID) -> Any:
    """Waiting for the member, then the receipt."""
    raise NotImplementedError  # tills/redemption.html
