"""The API as a page to read, made from its own OpenAPI document, and the closed list of reasons. Both are public."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from flask import Blueprint, Flask, current_app, render_template

from api.auth import public
from api.errors import status_of
from ledger.core.errors import REASONS

page = Blueprint("docs", __name__)

DEEPEST = 3
"""How far a schema inside a schema is unfolded."""

METHODS = ("get", "post", "put", "patch", "delete")


class Field(NamedTuple):
    """One parameter or one field of a body; `depth` is how far inside it lies."""

    name: str
    kind: str
    required: bool
    words: str
    depth: int


class Answer(NamedTuple):
    """What comes back with one status."""

    status: str
    words: str
    fields: list[Field]


class Operation(NamedTuple):
    """One method on one path, with everything a client sends and receives."""

    method: str
    path: str
    anchor: str
    summary: str
    more: str
    parameters: list[tuple[str, Field]]
    body: list[Field]
    answers: list[Answer]


class Group(NamedTuple):
    """The operations of one resource."""

    name: str
    words: str
    operations: list[Operation]


@page.get("/api/v1/docs")
@public
def show_api() -> Any:
    """Every operation with its parameters, body and answers, by resource."""
    return render_template("docs/api.html", groups=_groups(current_app._get_current_object()))  # type: ignore[attr-defined]


@page.get("/api/v1/docs/reasons")
@public
def show_reasons() -> Any:
    """Every reason code with its status, its sentence and its next step, in Chinese and in English."""
    kinds = sorted(REASONS.values(), key=lambda kind: (status_of(kind()), kind.code))
    reasons = [
        {"code": kind.code, "status": status_of(kind()), "fact": kind.__doc__, "zh": kind.zh, "en": kind.en}
        for kind in kinds
    ]
    return render_template("docs/reasons.html", reasons=reasons, statuses=sorted({one["status"] for one in reasons}))


@lru_cache(maxsize=2)
def _groups(app: Flask) -> list[Group]:
    """The document in the order of its resources; made once, for it never changes while the app runs."""
    document: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return list(_read(document))


def _read(document: dict[str, Any]) -> Iterator[Group]:
    found = list(_operations(document))
    for tag in document["tags"]:
        operations = [operation for name, operation in found if name == tag["name"]]
        if operations:
            yield Group(tag["name"], tag.get("description", ""), operations)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                described = methods[method]
                parameters = [*methods.get("parameters", []), *described.get("parameters", [])]
                yield (described.get("tags") or [""])[0], _operation(path, method, described, parameters, schemas)


def _operation(
    path: str, method: str, described: dict[str, Any], parameters: list[dict[str, Any]], schemas: dict[str, Any]
) -> Operation:
    sent = _content_of(described.get("requestBody", {}))
    return Operation(
        method=method.upper(),
        path=path,
        anchor=f"{method}-{path}".replace("/", "-").replace("{", "").replace("}", ""),
        summary=described.get("summary", ""),
        more=described.get("description", ""),
        parameters=[(one["in"], _parameter(one)) for one in parameters if one["in"] != "path"],
        body=list(_fields(sent, schemas)),
        answers=[_answer(status, one, schemas) for status, one in sorted(described.get("responses", {}).items())],
    )


def _parameter(one: dict[str, Any]) -> Field:
    words = one.get("description", "")
    return Field(one["name"], _kind(one["schema"]), one.get("required", False), words, 0)


def _answer(status: str, one: dict[str, Any], schemas: dict[str, Any]) -> Answer:
    if "$ref" in one:
        return Answer(status, "Problem", [])
    return Answer(status, one.get("description", ""), list(_fields(_content_of(one), schemas)))


def _content_of(one: dict[str, Any]) -> dict[str, Any]:
    """The schema of the first media type of a body."""
    contents = list(one.get("content", {}).values())
    found: dict[str, Any] = contents[0].get("schema", {}) if contents else {}
    return found


def _fields(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Iterator[Field]:
    """The fields of a schema, those of schemas inside it right below, further in."""
    whole = _resolved(schema, schemas)
    required = whole.get("required", [])
    for name, field in whole.get("properties", {}).items():
        inside = _resolved(field.get("items", field), schemas)
        yield Field(name, _kind(field), name in required, _words(field, inside), depth)
        if depth < DEEPEST and inside.get("properties"):
            yield from _fields(inside, schemas, depth + 1)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    for one in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ())):
        if "$ref" in one:
            found: dict[str, Any] = schemas[one["$ref"].rpartition("/")[2]]
            return found
    return schema


def _words(field: dict[str, Any], inside: dict[str, Any]) -> str:
    return str(field.get("description") or inside.get("description") or "")


def _kind(schema: dict[str, Any]) -> str:
    """What may stand there, in a few words: type, form, choices, bounds, default."""
    if "items" in schema:
        return f"[{_kind(schema['items'])}]"
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None)
    types = schema.get("type", "object" if "$ref" in schema or "allOf" in schema or "anyOf" in schema else "id")
    said = " | ".join(types) if isinstance(types, list) else str(types)
    bounds = [str(schema[name]) for name in ("minimum", "maximum") if name in schema]
    more = [schema.get("format", ""), "–".join(bounds) if len(bounds) == 2 else "≥ ".join(["", *bounds])]
    more.append(f"≤ {schema['maxLength']}" if "maxLength" in schema else "")
    more.append(f"= {schema['default']}" if schema.get("default") is not None else "")
    return " ".join([said, *filter(None, more)])
