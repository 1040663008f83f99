"""JSON log lines with request ids and nothing personal: the route's rule, never the address with its codes."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

from ledger.core import audit

log = structlog.get_logger()


def tell_where(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What broke and where, without the words of the exceptions: a driver's message quotes the row it refused."""
    if event.pop("exc_info", None):
        broke = sys.exc_info()[1]
        event["exception"] = "".join(_told(broke)) if broke else ""
    return event


def _told(broke: BaseException) -> list[str]:
    before = broke.__cause__ or broke.__context__
    frames = traceback.format_tb(broke.__traceback__)
    return [*(_told(before) if before else []), *frames, f"{type(broke).__module__}.{type(broke).__qualname__}\n"]


PROCESSORS = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    tell_where,
    structlog.processors.JSONRenderer(ensure_ascii=False),
)


def register(app: Flask) -> None:
    if not structlog.is_configured():
        structlog.configure(processors=PROCESSORS)
    app.before_request(_start)
    if app.config["REDFLOWER_ENV"] != "development":
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
