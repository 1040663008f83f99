"""/healthz (the process lives), /readyz (the database answers), /metrics."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import text

from api.auth import public
from ledger.book import checking
from ledger.book.models import CheckRun
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
    """Figures for Prometheus: of this process, and how each check of the books ended last."""
    return Response(generate_latest() + generate_latest(_checks()), content_type=CONTENT_TYPE_LATEST)


def _checks() -> CollectorRegistry:
    registry, labels = CollectorRegistry(), ("check", "scope")
    gauges: tuple[tuple[str, str, Callable[[CheckRun], float]], ...] = (
        ("redflower_check_findings", "Findings of the newest run of a check of the books", lambda run: run.findings),
        ("redflower_check_seconds", "How long that run took", lambda run: run.milliseconds / 1000),
        ("redflower_check_ended", "When it ended, in seconds of Unix time", lambda run: run.ended_at.timestamp()),
    )
    runs = checking.totals()
    for name, words, figure in gauges:
        gauge = Gauge(name, words, labels, registry=registry)
        for run in runs:
            gauge.labels(run.name, run.scope).set(figure(run))
    return registry
