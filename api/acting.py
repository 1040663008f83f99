"""The actor of the present request, kept for everything that needs it later in the request."""

from __future__ import annotations

from uuid import UUID

from flask import g, request

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


def asked_action() -> str:
    """What the audit calls the present request: its endpoint, never its address, which may carry a code."""
    return (request.endpoint or "")[:60]


def asked_thing() -> UUID | None:
    """The thing that the present request is about: the last id of its address."""
    found = [value for value in (request.view_args or {}).values() if isinstance(value, UUID)]
    return found[-1] if found else None


def set_actor(actor: Actor) -> None:
    g.actor = actor
