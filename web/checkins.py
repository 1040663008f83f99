"""Checking in and out from a poster, and my own services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

from api.auth import public

page = Blueprint("checkins", __name__)


@page.get("/q/<site_code>")
@public
def show_site(site_code: str) -> Any:
    """What the poster stands for; records nothing."""
    raise NotImplementedError  # checkins/scan.html


@page.post("/q/<site_code>")
@public
def record(site_code: str) -> Any:
    """Checked in or out; a signed-out visitor's phone and code come with the same form."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/checkins")
def list_mine() -> Any:
    """My services, newest first."""
    raise NotImplementedError  # checkins/list.html


@page.get("/c/<id:community_id>/checkins/<id:checkin_id>")
def show(checkin_id: UUID) -> Any:
    """One service: its steps, why it is not stamped yet, what to do."""
    raise NotImplementedError  # checkins/show.html
