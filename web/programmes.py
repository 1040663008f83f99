"""Programmes and their earning rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

page = Blueprint("programmes", __name__)


@page.get("/c/<id:community_id>/programmes")
def list_all() -> Any:
    """Every programme with the rule in force."""
    raise NotImplementedError  # programmes/list.html


@page.post("/c/<id:community_id>/programmes")
def create() -> Any:
    """A new programme, or the form again with its errors."""
    raise NotImplementedError
