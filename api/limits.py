"""A coarse shield against floods. What must be exact (one-time codes, PINs) is counted in SQL, not here."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_smorest import Blueprint
from limits.storage import MemoryStorage

from api.acting import actor_or_none

EVERYWHERE = "12000 per minute"
"""Per session or token, or per address without one: above 100 a second, since one address may be a whole community."""

SIGN_IN = "300 per minute"

BY_PROVIDER = ("web.identities.begin", "web.identities.come_back", "web.identities.enter")
"""Pages that nobody need be signed in for; each may cost the provider a request."""


def _caller() -> str:
    """Whoever is signed in, else the address: a header that opens nothing makes nobody another caller."""
    actor = actor_or_none()
    return actor.session_id.hex if actor and actor.session_id else request.remote_addr or ""


SWEPT_EVERY = 5.0
"""Seconds after which a hit also forgets the callers whose minute is over."""


class SweptMemory(MemoryStorage):
    """The library's counters in memory, swept now and then by a hit: it would start a thread for nearly each."""

    STORAGE_SCHEME = ["swept-memory"]  # noqa: RUF012

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        self._swept_at = time.monotonic()
        super().__init__(uri, wrap_exceptions, **options)

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802  The library's own name for it.
        if time.monotonic() - self._swept_at > SWEPT_EVERY:
            self._swept_at = time.monotonic()
            with suppress(KeyError):  # Another hit has just forgotten one of them; the next sweep takes the rest.
                self._MemoryStorage__expire_events()  # type: ignore[attr-defined]


limiter = Limiter(_caller, default_limits=[EVERYWHERE], storage_uri="swept-memory://")


def register(app: Flask, sign_in: Blueprint) -> None:
    """Every address of `app` has its limit; those of its pages are set by `shield_pages`, once it has them."""
    limiter.init_app(app)
    limiter.limit(SIGN_IN)(sign_in)


def shield_pages(app: Flask) -> None:
    """The journey to the provider and back is taken as often as people sign in, all its addresses together."""
    shared: Any = limiter.shared_limit(SIGN_IN, scope="provider")
    for endpoint in BY_PROVIDER:
        app.view_functions[endpoint] = shared(app.view_functions[endpoint])
