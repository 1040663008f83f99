"""From a form to a verb: the same schemas and the same one way of writing as the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import redirect, request
from marshmallow import Schema, ValidationError, fields
from werkzeug.wrappers import Response

from api.schemas.fields import Moment
from api.writing import MAX_KEY, run_verb
from ledger.core import clock
from ledger.core.errors import Forbidden, KeyRequired, NotFound
from ledger.core.idempotency import Answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a form: where to go on, or the refusal that the page shows above the form."""

    url: str = ""
    refused: dict[str, str] | None = None
    status: int = 303

    def go(self) -> Response:
        assert self.refused is None
        return redirect(self.url, 303)


def submit(verb: Callable[[], T], to: Callable[[T], str], *, keyed: bool = True) -> Outcome:
    """Run the verb once for the form's `_key`; `to` turns its result into the address of the following page.

    Sending the form again leads to the same page. NotFound and Forbidden become their own pages.
    """
    answer = run_verb(verb, dump=lambda result: Answer(303, to(result)), key=_key() if keyed else None)
    if answer.status == 303:
        return Outcome(url=answer.body)
    problem = json.loads(answer.body)
    if answer.status in (403, 404):
        raise Forbidden if answer.status == 403 else NotFound
    refused = {"code": problem["code"], "sentence": problem["title"], "next_step": problem["detail"]}
    return Outcome(refused=refused, status=answer.status)


def _key() -> str:
    key = request.form.get("_key", "").strip()
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise KeyRequired
    return key


def read(schema: Schema) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The form's values as the verb takes them, and what is wrong with them by field."""
    try:
        return dict(schema.load(_typed(schema))), {}
    except ValidationError as error:
        return {}, dict(error.messages)  # type: ignore[arg-type]


def _typed(schema: Schema) -> dict[str, Any]:
    """What was typed, in the types that JSON would have; fields left empty are left out."""
    found = {}
    for name, field in schema.load_fields.items():
        typed = request.form.getlist(field.data_key or name)
        if isinstance(field, fields.List):
            found[name] = [one for one in typed if one]
        elif typed and typed[-1].strip():
            found[name] = _as_json(field, typed[-1].strip())
    return found


def _as_json(field: fields.Field[Any], typed: str) -> Any:
    if isinstance(field, fields.Integer):
        return int(typed) if typed.removeprefix("-").isdecimal() and len(typed) < 19 else typed
    if isinstance(field, Moment):
        return _with_offset(typed)
    return typed


def _with_offset(typed: str) -> str:
    """A browser's date and time have no offset: they are meant in Asia/Shanghai."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return typed
    return (moment if moment.tzinfo else moment.replace(tzinfo=clock.SHANGHAI)).isoformat()
