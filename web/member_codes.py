"""The member's one-time code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("member_codes", __name__)


@page.get("/c/<id:community_id>/my-code")
def show_mine() -> Any:
    """The button that makes a code: a GET makes none."""
    raise NotImplementedError  # member_codes/show.html


@page.post("/c/<id:community_id>/my-code")
def create() -> Any:
    """A new code, shown once as QR and to read aloud; the older one is dead."""
    raise NotImplementedError  # member_codes/show.html


@page.get("/c/<id:community_id>/my-code/<id:code_id>")
def show_waiting(code_id: UUID) -> Any:
    """Waiting for the shop; leads to the confirmation when there is one."""
    raise NotImplementedError  # member_codes/show.html
