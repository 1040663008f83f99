"""JSON log lines with request ids and nothing personal: the route's rule, never the address with its codes."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from ledger.core import audit

log = structlog.get_logger()


def register(app: Flask) -> None:
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ]
        )
    app.before_request(_start)
    if app.config["REDFLOWER_ENV"] == "production":
        app.after_request(_write_line)


def _start() -> None:
    g.started = time.perf_counter()


def _write_line(response: Response) -> Response:
    log.info(
        "request",
        request_id=audit.request_id.get(),
        method=request.method,
        rule=str(request.url_rule),
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.started) * 1000, 1),
    )
    return response
