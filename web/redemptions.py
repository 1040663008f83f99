"""My redemptions: confirmation, receipt, list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("redemptions", __name__)


@page.get("/c/<id:community_id>/redemptions")
def list_mine() -> Any:
    """My redemptions, newest first."""
    raise NotImplementedError  # redemptions/list.html


@page.get("/c/<id:community_id>/redemptions/<id:redemption_id>")
def show(redemption_id: UUID) -> Any:
    """Reserved: the confirmation. Else: the receipt."""
    raise NotImplementedError  # redemptions/receipt.html


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/confirm")
def confirm(redemption_id: UUID) -> Any:
    """Confirmed: the points have moved."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/cancel")
def cancel(redemption_id: UUID) -> Any:
    """Cancelled: the points are free again."""
    raise NotImplementedError


@page.get("/c/<id:community_id>/redemptions/<id:redemption_id>/refund")
def show_refund(redemption_id: UUID) -> Any:
    """How many points to give back, and why."""
    raise NotImplementedError  # redemptions/refund.html


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/refund")
def refund(redemption_id: UUID) -> Any:
    """Refunded, in whole or in part."""
    raise NotImplementedError
