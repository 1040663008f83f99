"""Agreements with shops."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint

page = Blueprint("agreements", __name__)


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/agreements/new")
def show_new(merchant_id: UUID) -> Any:
    """The form of an agreement or of its next version."""
    raise NotImplementedError  # agreements/new.html


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/agreements")
def create(merchant_id: UUID) -> Any:
    """A draft, or the form again with its errors."""
    raise NotImplementedError


@page.post("/c/<id:community_id>/agreements/<id:agreement_id>/sign")
def sign(agreement_id: UUID) -> Any:
    """Signed by one side; in force when both have."""
    raise NotImplementedError
