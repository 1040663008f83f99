"""Addresses that leave the house: on posters and in codes, so they start with what the public sees."""

from __future__ import annotations

from flask import current_app, request


def public_root() -> str:
    """PUBLIC_URL, or where this request arrived; without the last slash."""
    return str(current_app.config.get("PUBLIC_URL") or request.url_root).rstrip("/")
