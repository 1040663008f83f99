"""To come in this hour."""

from __future__ import annotations

from flask import Blueprint

page = Blueprint("docs", __name__)
