"""/healthz (the process lives), /readyz (the database answers), /metrics (docs/operation.md says what to watch)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from api.auth import public
from ledger.book import checking, plain_posting, roles
from ledger.book.models import CheckRun
from ledger.core import registry, walls
from ledger.core.db import db
from ledger.core.errors import DatabaseLost, NoRoom, Unexpected

REQUESTS = Histogram(
    "redflower_request_seconds",
    "How long requests took, by their route",
    ("method", "rule", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
REFUSALS = Counter("redflower_refusals", "Requests that were refused, by the code of the reason", ("code",))
WOKEN_FOR = (Unexpected.code, DatabaseLost.code, NoRoom.code)
"""Told from nought on: of a figure that begins with its first refusal Prometheus would see no rise."""


def register(app: Flask) -> None:
    for code in WOKEN_FOR:
        REFUSALS.labels(code)
    app.after_request(_count)
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)
    app.add_url_rule("/metrics", view_func=metrics)


@public
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@public
def readyz() -> dict[str, Any] | tuple[dict[str, Any], int]:
    """The database answers too, has this version's function of the writer, and the walls that it was said to have."""
    db.session.execute(text("SELECT 1"))
    if faults := plain_posting.faults(db.session.connection()):
        return {"status": "to be upgraded", "faults": faults}, 503
    is_open = roles.without_wall(db.session.connection()) if current_app.config.get("DATABASE_WALLS") else []
    if is_open:
        return {"status": "no walls", "tables": is_open}, 503
    return {"status": "ready"}


@public
@walls.above()
def metrics() -> Response:
    """Figures for Prometheus: of the requests, of what waits, and how each check of the books ended last.

    Without its database the house still tells of the requests, and that it is without.
    """
    try:
        figures, answers = generate_latest(_waiting()) + generate_latest(_checks()), True
    except (DBAPIError, PoolExhausted):
        figures, answers = b"", False
    figures += generate_latest(_requests()) + generate_latest(_database(answers))
    return Response(figures, content_type=CONTENT_TYPE_LATEST)


def _count(response: Response) -> Response:
    rule = str(request.url_rule) if request.url_rule else "none"
    REQUESTS.labels(request.method, rule, response.status_code).observe(time.perf_counter() - g.started)
    if "refused_by" in g:
        REFUSALS.labels(g.refused_by).inc()
    return response


def _requests() -> CollectorRegistry:
    """Of this process; of all workers where PROMETHEUS_MULTIPROC_DIR names the folder that they share."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


def _database(answers: bool) -> CollectorRegistry:
    figures = CollectorRegistry()
    Gauge("redflower_database_answers", "1: the database answers; 0: it is lost", registry=figures).set(answers)
    return figures


def _waiting() -> CollectorRegistry:
    figures = CollectorRegistry()
    for name, gauge in registry.gauges.items():
        Gauge(f"redflower_{name}", gauge.words, registry=figures).set(gauge.read())
    return figures


def _checks() -> CollectorRegistry:
    figures, labels = CollectorRegistry(), ("check", "scope")
    gauges: tuple[tuple[str, str, Callable[[CheckRun], float]], ...] = (
        ("redflower_check_findings", "Findings of the newest run of a check of the books", lambda run: run.findings),
        ("redflower_check_seconds", "How long that run took", lambda run: run.milliseconds / 1000),
        ("redflower_check_ended", "When it ended, in seconds of Unix time", lambda run: run.ended_at.timestamp()),
    )
    runs = checking.totals()
    for name, words, figure in gauges:
        gauge = Gauge(name, words, labels, registry=figures)
        for run in runs:
            gauge.labels(run.name, run.scope).set(figure(run))
    return figures
