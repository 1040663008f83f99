"""The weekly statements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("settlements", __name__)


@page.get("/c/<id:community_id>/settlements")
def list_all() -> Any:
    """Statements, newest week first."""
    raise NotImplementedError  # settlements/list.html


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>")
def show(settlement_id: UUID) -> Any:
    """The sheet: lines, sums, who did what, the next step."""
    raise NotImplementedError  # settlements/sheet.html


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/issue")
def issue(settlement_id: UUID) -> Any:
    """Issued: numbered and frozen."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/confirm")
def confirm(settlement_id: UUID) -> Any:
    """Confirmed by the shop."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/approve")
def approve(settlement_id: UUID) -> Any:
    """Approved by a second person."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/pay")
def pay(settlement_id: UUID) -> Any:
    """Paid, with reference and date."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/settlements/<id:settlement_id>/void")
def void(settlement_id: UUID) -> Any:
    """Void before payment; a replacement follows."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/settlements/<id:settlement_id>.csv")
def download(settlement_id: UUID) -> Any:
    """The lines as CSV."""
    raise NotImplementedError
