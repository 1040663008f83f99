"""`writes`: the one way from a POST to a verb, through `perform`, for the API and the pages alike."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request
from marshmallow import Schema
from werkzeug.datastructures import FileStorage

from api.acting import actor_or_none, asked_action, asked_thing
from api.errors import problem, status_of
from ledger.core import secrets
from ledger.core.db import atomic
from ledger.core.errors import KeyRequired, Reason, Unavailable
from ledger.core.idempotency import Answer, Request, perform

T = TypeVar("T")

MAX_KEY = 128


def writes(
    schema: type[Schema] | Schema | None,
    *,
    status: int = 200,
    keyed: bool = False,
    first: Callable[[dict[str, Any]], None] | None = None,
    then: Callable[[dict[str, Any]], None] | None = None,
) -> Callable[..., Any]:
    """Run the view as a verb: once for each Idempotency-Key if `keyed`, its result dumped by `schema`.

    The view returns what the verb returned; `first` gets the body before, `then` after (`run_verb`). A refusal is
    answered as a problem; effects and answer are committed together. Written below `blp.arguments` and `blp.response`.
    """
    dumper = schema() if isinstance(schema, type) else schema

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def run(*args: Any, **kwargs: Any) -> Response:
            def dump(result: Any) -> Answer:
                body = json.dumps(dumper.dump(result), ensure_ascii=False) if dumper else ""
                return Answer(status, body)

            # A lost race runs the verb again: each run gets the body as it was sent, whatever the view takes out of it.
            verb = lambda: view(*(dict(one) if isinstance(one, dict) else one for one in args), **kwargs)  # noqa: E731
            before = None if first is None else lambda: first(args[0])
            after = None if then is None else lambda: then(args[0])
            return as_response(run_verb(verb, dump=dump, key=_key_of(keyed), first=before, then=after))

        return run

    return decorate


def run_verb(
    verb: Callable[[], T],
    *,
    dump: Callable[[T], Answer],
    key: str | None,
    first: Callable[[], None] | None = None,
    then: Callable[[], None] | None = None,
) -> Answer:
    """`perform` for the present HTTP request.

    `first` comes before it in the same transaction: a lock that it takes outlives a refusal of the verb. `then` comes
    after the commit, for what takes long outside the house; its Unavailable is the answer.
    """
    asked = Request(
        actor=actor_or_none(),
        route=f"{request.method} {request.path}"[:160],
        key=key,
        fingerprint=_fingerprint(),
        action=asked_action(),
        thing_id=asked_thing(),
    )
    if first is None:
        answer = perform(asked, verb, dump=dump, dump_refusal=_dump_refusal)
    else:
        answer = _after(first, asked, verb, dump)
    return answer if then is None or answer.status >= 400 else _followed_by(then, answer)


def _followed_by(then: Callable[[], None], answer: Answer) -> Answer:
    try:
        then()
    except Unavailable as reason:
        return _dump_refusal(reason)
    return answer


@atomic
def _after(first: Callable[[], None], asked: Request, verb: Callable[[], T], dump: Callable[[T], Answer]) -> Answer:
    first()
    return perform(asked, verb, dump=dump, dump_refusal=_dump_refusal)


def as_response(answer: Answer) -> Response:
    kind = "application/problem+json" if answer.status >= 400 else "application/json"
    response = Response(answer.body, status=answer.status, content_type=kind)
    if answer.status in (429, 503):
        response.headers["Retry-After"] = str(json.loads(answer.body)["retry_after"])
    if answer.replayed:
        response.headers["Idempotency-Hit"] = "true"
    return response


def _dump_refusal(reason: Reason) -> Answer:
    return Answer(status_of(reason), json.dumps(problem(reason), ensure_ascii=False))


def _key_of(keyed: bool) -> str | None:
    if not keyed:
        return None
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise KeyRequired
    return key


def _fingerprint() -> bytes:
    """The same for the same body, whatever the order of its fields; a form's own key and CSRF token apart."""
    if request.is_json:
        return fingerprint_of(request.get_json(silent=True))
    typed = request.form.items(multi=True)
    # A part of a form may come without a name: it counts as "None", for what has no order cannot be sorted.
    content: Any = sorted((str(name), value) for name, value in typed if name not in ("_key", "csrf_token"))
    content += sorted((str(name), _digest_of(file)) for name, file in request.files.items(multi=True))
    return fingerprint_of(content or request.get_data().hex() or [])


def _digest_of(file: FileStorage) -> str:
    digest = hashlib.sha256(file.stream.read()).hexdigest()
    file.stream.seek(0)
    return digest


def fingerprint_of(content: Any) -> bytes:
    """What makes two bodies the same body. Keyed: nobody who reads it can try bodies (a reason, a PIN) against it."""
    return secrets.mac(json.dumps(content, sort_keys=True, default=str).encode(), "fingerprint")


def run_item(verb: Callable[[], T], *, dump: Callable[[T], Answer], route: str, key: str, content: Any) -> Answer:
    """One item of a batch, once for its own key: as if `content` had been sent to `route` alone."""
    asked = Request(
        actor=actor_or_none(),
        route=route[:160],
        key=key,
        fingerprint=fingerprint_of(content),
        action=asked_action(),
    )
    return perform(asked, verb, dump=dump, dump_refusal=_dump_refusal)
