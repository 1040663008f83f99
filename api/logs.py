"""JSON log lines with request ids and nothing personal: the route's rule, never the address with its codes."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

import click
import structlog
from flask import Flask, Response, g, request
from flask.cli import ScriptInfo

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
    """What is served logs to standard output; a command to the other one, for its standard output is its answer."""
    if not structlog.is_configured():
        stream = sys.stderr if _is_command() else sys.stdout
        structlog.configure(processors=PROCESSORS, logger_factory=structlog.PrintLoggerFactory(stream))
    app.before_request(_start)
    if app.config["REDFLOWER_ENV"] != "development":
        app.after_request(_write_line)


def _is_command() -> bool:
    """Is this a command of `flask --app wsgi …`? `flask run` serves."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_object(ScriptInfo) is not None and context.info_name != "run"


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
