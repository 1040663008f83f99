"""A coarse shield against floods. What must be exact (one-time codes, PINs) is counted in SQL, not here."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter
from flask_smorest import Blueprint

EVERYWHERE = "12000 per minute"
"""Per token, or per address without one: above 100 a second, since one address may be a whole community."""

SIGN_IN = "300 per minute"


def _caller() -> str:
    return request.headers.get("Authorization") or request.remote_addr or ""


limiter = Limiter(_caller, default_limits=[EVERYWHERE], storage_uri="memory://")


def register(app: Flask, sign_in: Blueprint) -> None:
    app.config.setdefault("RATELIMIT_ENABLED", not app.config.get("TESTING"))
    limiter.init_app(app)
    limiter.limit(SIGN_IN)(sign_in)
