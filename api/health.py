"""/healthz (the process lives), /readyz (the database answers), /metrics."""

from __future__ import annotations

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from api.auth import public
from ledger.core.db import db


def register(app: Flask) -> None:
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)


@public
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@public
def readyz() -> dict[str, str]:
    """The database answers too."""
    db.session.execute(text("SELECT 1"))
    return {"status": "ready"}


@public
def metrics() -> Response:
    """Figures for Prometheus."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
