"""Addresses that leave the house: on posters and in codes, so they start with what the public sees."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, request


def public_root() -> str:
    """PUBLIC_URL, or where this request arrived; without the last slash."""
    return str(current_app.config.get("PUBLIC_URL") or request.url_root).rstrip("/")


def feed_address(community_id: UUID, secret: str) -> str:
    """Where a phone's calendar reads what the secret opens."""
    return f"{public_root()}/api/v1/communities/{community_id.hex}/calendar-feeds/{secret}.ics"
