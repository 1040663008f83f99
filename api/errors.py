"""From refusals to answers: the one table of statuses, and RFC 9457 problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException

from api.acting import actor_or_none, asked_action, asked_thing
from ledger.core import audit
from ledger.core.db import atomic, is_lost_server, is_out_of_room
from ledger.core.errors import (
    DatabaseLost,
    Forbidden,
    Invalid,
    KeyRequired,
    MalformedBody,
    NoRoom,
    NotFound,
    NotSignedIn,
    Reason,
    Refused,
    SecondFactorRequired,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unexpected,
    VersionChanged,
    VersionRequired,
    WrongMediaType,
    WrongMethod,
)

log = structlog.get_logger()

STATUS: dict[type[Reason], int] = {
    MalformedBody: 400,
    KeyRequired: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    WrongMethod: 405,
    Refused: 409,
    VersionChanged: 412,
    TooLarge: 413,
    WrongMediaType: 415,
    Invalid: 422,
    VersionRequired: 428,
    TooManyRequests: 429,
    Unexpected: 500,
    Unavailable: 503,
    NoRoom: 507,
}
"""A class stands for its subclasses; everything that is not listed is a domain refusal."""

_FROM_HTTP: dict[int, type[Reason]] = {
    400: MalformedBody, 404: NotFound, 405: WrongMethod, 413: TooLarge, 415: WrongMediaType, 422: Invalid,
    429: TooManyRequests,
}  # fmt: skip

SECONDS_TO_A_NEW_SERVER = 5
"""What a client waits before it asks again for a database that was lost."""

RenderPage = Callable[[Reason, int], Any]


def status_of(reason: Reason) -> int:
    return next((status for known, status in STATUS.items() if isinstance(reason, known)), 409)


def language() -> str:
    """The language of this request's answers: the page's, else zh unless English is preferred."""
    return g.get("language") or request.accept_languages.best_match(["zh", "en"]) or "zh"


def as_told(reason: Reason) -> Reason:
    """The reason as its reader can act on it: who only lacks a second factor is told so. It is counted in /metrics."""
    actor = actor_or_none()
    if type(reason) is Forbidden and actor is not None and actor.is_held_back:
        reason = SecondFactorRequired()
    g.refused_by = reason.code
    return reason


def problem(reason: Reason, errors: dict[str, Any] | None = None) -> dict[str, Any]:
    """The RFC 9457 document of a refusal."""
    reason = as_told(reason)
    reason.facts.setdefault("request_id", audit.request_id.get())
    body = {
        "type": f"/api/v1/docs/reasons#{reason.code}",
        "status": status_of(reason),
        "code": reason.code,
        "title": reason.sentence(language()),
        "detail": reason.next_step(language()),
        "request_id": audit.request_id.get(),
    }
    if isinstance(reason, TooManyRequests | Unavailable):
        body["retry_after"] = reason.facts.get("retry_after", 1)
    return body | ({"errors": errors} if errors else {})


def respond(reason: Reason, errors: dict[str, Any] | None = None) -> Response:
    body = json.dumps(problem(reason, errors), ensure_ascii=False)
    return _when_to_come_back(Response(body, status=status_of(reason), content_type="application/problem+json"), reason)


def _when_to_come_back(answer: Response, reason: Reason) -> Response:
    if isinstance(reason, TooManyRequests | Unavailable):
        answer.headers["Retry-After"] = str(reason.facts.get("retry_after", 1))
    return answer


def register(app: Flask) -> None:
    """Every error of the app becomes a problem document under /api, and a page elsewhere."""
    app.register_error_handler(Reason, _on_reason)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(DBAPIError, _on_database)
    app.register_error_handler(PoolExhausted, _on_lost)
    app.register_error_handler(RecursionError, lambda _: _answer(MalformedBody()))  # A body nested without end.
    app.register_error_handler(Exception, _on_fault)


def _on_reason(reason: Reason) -> Any:
    if isinstance(reason, Refused | Forbidden):
        _write_audit_line(reason)
    elif isinstance(reason, NotFound):
        _write_miss()
    return _answer(reason)


def _on_http(error: HTTPException) -> Any:
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, DBAPIError):  # The line about a refusal could not be written.
        return _on_database(cause)
    known = _FROM_HTTP.get(error.code or 500)
    if known is None:
        return error if error.code and error.code < 400 else _answer(Unexpected())
    reason = known(retry_after=60) if known is TooManyRequests else known()
    details = getattr(error, "data", None) or {}
    answer = _answer(reason, _by_field(details.get("messages")))
    if isinstance(answer, Response) and known is WrongMethod:
        answer.headers["Allow"] = ", ".join(error.valid_methods or ())  # type: ignore[attr-defined]
    return answer


def _on_database(error: DBAPIError) -> Any:
    is_full = is_out_of_room(error)
    if not (is_full or is_lost_server(error)):
        return _on_fault(error)
    log.warning("database", request_id=audit.request_id.get(), fault=type(error.orig).__name__)
    return _answer_without_frame(NoRoom()) if is_full else _on_lost(error)


def _on_lost(_error: Exception) -> Any:
    return _answer_without_frame(DatabaseLost(retry_after=SECONDS_TO_A_NEW_SERVER))


def _answer_without_frame(reason: Reason) -> Any:
    try:
        return _answer(reason)
    except (DBAPIError, PoolExhausted):  # The page's frame asks the database, too.
        words = f"{reason.sentence(language())}\n{reason.next_step(language())}\n"
        plain = Response(words, status=status_of(reason), content_type="text/plain; charset=utf-8")
        return _when_to_come_back(plain, reason)


def _on_fault(error: Exception) -> Any:
    log.exception("fault", request_id=audit.request_id.get())
    if current_app.config.get("PROPAGATE_FAULTS"):
        raise error
    return _answer(Unexpected())


def _answer(reason: Reason, errors: dict[str, Any] | None = None) -> Any:
    render: RenderPage | None = current_app.extensions.get("render_reason")
    if render is None or request.path.startswith(("/api/", "/healthz", "/readyz", "/metrics")):
        return respond(reason, errors)
    return _when_to_come_back(current_app.make_response(render(reason, status_of(reason))), reason)


def _by_field(messages: Any) -> dict[str, Any] | None:
    """webargs groups messages by location ("json", "query"); clients want them by field."""
    if not isinstance(messages, dict):
        return None
    return {field: words for fields in messages.values() if isinstance(fields, dict) for field, words in fields.items()}


def _write_miss() -> None:
    """A reading of another's thing; what a POST does not find has its line from `perform`."""
    actor, thing_id = actor_or_none(), asked_thing()
    if actor is not None and thing_id is not None and request.method in ("GET", "HEAD"):
        audit.record_miss(actor, asked_action(), thing_id)


@atomic
def _write_audit_line(reason: Reason) -> None:
    audit.record(actor_or_none(), asked_action(), asked_thing(), outcome=reason.code)
