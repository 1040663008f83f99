"""From a form to a verb: the same schemas and the same one way of writing as the API.

People type amounts of money in yuan; a field of fen reads them so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from flask import redirect, request
from marshmallow import Schema, ValidationError, fields
from werkzeug.wrappers import Response

from api.errors import status_of
from api.schemas.fields import Fen, Moment
from api.writing import MAX_KEY, run_verb
from ledger.core import clock
from ledger.core.errors import REASONS, Invalid, KeyRequired, VersionChanged
from ledger.core.idempotency import Answer
from web.errors import refusal

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


def submit(
    verb: Callable[[], T],
    to: Callable[[T], str],
    *,
    keyed: bool = True,
    first: Callable[[], None] | None = None,
    then: Callable[[], None] | None = None,
) -> Outcome:
    """Run the verb once for the form's `_key`; `to` turns its result into the address of the following page.

    Sending the form again leads to the same page. NotFound and Forbidden become their own pages; `first` and
    `then` as in `run_verb`.
    """
    key = _key() if keyed else None
    try:
        answer = run_verb(verb, dump=lambda result: Answer(303, to(result)), key=key, first=first, then=then)
    except VersionChanged as reason:
        return Outcome(refused=refusal(reason), status=status_of(reason))
    if answer.status == 303:
        return Outcome(url=answer.body)
    return Outcome(refused=_refusal_in(answer), status=answer.status)


def send(
    schema: Schema | None,
    verb: Callable[[Any], T],
    *,
    to: Callable[[T], str],
    again: Callable[..., Any],
    known: dict[str, Any] | None = None,
) -> Any:
    """Read the form, run the verb with its values and go on to `to`; or the page `again`, with what is wrong.

    `again` is called with values, errors and refusal, as the templates know them; `known` as in `read`.
    """
    values, errors = read(schema, **(known or {})) if schema else ({}, {})
    if errors:
        return again(values=request.form, errors=errors, refusal=None), 422
    # A second run gets the values as they were sent, whatever the first took out of them.
    outcome = submit(lambda: verb(dict(values) if isinstance(values, dict) else values), to)
    if outcome.refused is None:
        return outcome.go()
    return again(values=request.form, errors={}, refusal=outcome.refused), outcome.status


def ask(schema: Schema) -> dict[str, Any]:
    """The questions of the page's address; one that makes no sense is as good as not asked."""
    typed = {name: value.strip() for name, value in request.args.items() if name in schema.load_fields}
    sensible = {name: value for name, value in typed.items() if value and not schema.validate({name: value})}
    found: dict[str, Any] = schema.load(sensible)
    return found


def read_button(schema: Schema) -> dict[str, Any]:
    """The values of a form in which nobody typed anything; Invalid when it is not one of ours."""
    values: dict[str, Any]
    values, errors = read(schema)
    if errors:
        raise Invalid
    return values


def mint(verb: Callable[[], T]) -> tuple[T | None, Outcome]:
    """Run a verb that makes a secret: what it made, or None and the refusal. Nothing of it is remembered."""
    made: list[T] = []

    def keep(result: T) -> Answer:
        made[:] = [result]
        return Answer(200, "")

    answer = run_verb(verb, dump=keep, key=None)
    if answer.status == 200:
        return made[0], Outcome(status=200)
    return None, Outcome(refused=_refusal_in(answer), status=answer.status)


def _refusal_in(answer: Answer) -> dict[str, str]:
    """What kit.refusal_box shows. NotFound and Forbidden (of whatever kind) become their own pages."""
    problem = json.loads(answer.body)
    if answer.status in (403, 404):
        raise REASONS[problem["code"]]
    return {"code": problem["code"], "sentence": problem["title"], "next_step": problem["detail"]}


def _key() -> str:
    key = request.form.get("_key", "").strip()
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise KeyRequired
    return key


def read(schema: Schema, **known: Any) -> tuple[Any, dict[str, list[str]]]:
    """The form's values as the verb takes them, and what is wrong with them by field.

    `known` is what the page knows by itself and the form does not carry (the code of its address, say).
    """
    try:
        return schema.load(_typed(schema) | known), {}
    except ValidationError as error:
        return {}, dict(error.messages)  # type: ignore[arg-type]


def as_number(text: str) -> int | str:
    """A whole number as people type it; anything else as it is, for the schema to refuse."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 16 else plain


def _typed(schema: Schema) -> dict[str, Any]:
    """What was typed, in the types that JSON would have; fields left empty are left out."""
    found: dict[str, Any] = {}
    for plain_name, field in schema.load_fields.items():
        name = field.data_key or plain_name
        typed = request.form.getlist(name)
        if isinstance(field, fields.List):
            chosen = [one for one in typed if one]
            found |= {name: chosen} if chosen else {}
        elif typed and typed[-1].strip():
            found[name] = _as_json(field, typed[-1].strip())
    return found


def _as_json(field: fields.Field[Any], typed: str) -> Any:
    if isinstance(field, Fen):
        return int(Decimal(typed) * 100) if re.fullmatch(r"[0-9]{1,14}(\.[0-9]{1,2})?", typed) else typed
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
