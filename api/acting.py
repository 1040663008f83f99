"""The actor of the present request, kept for everything that needs it later in the request."""

from __future__ import annotations

from flask import g

from ledger.core.errors import NotSignedIn
from ledger.core.tenancy import Actor


def actor_or_none() -> Actor | None:
    """Who acts, if anybody has signed in."""
    actor: Actor | None = g.get("actor")
    return actor


def current_actor() -> Actor:
    """Who acts; NotSignedIn when nobody does."""
    actor = actor_or_none()
    if actor is None:
        raise NotSignedIn
    return actor


def set_actor(actor: Actor) -> None:
    g.actor = actor
