"""The OpenAPI document is the truth: Schemathesis calls every operation and finds no fault and no undeclared answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests.stories import Neighbour, Neighbourhood, open_neighbourhood

load_all_checks()

# What is ours to promise: no 5xx, and only what the document declares. The others ask for a stateless, keyless API.
PROMISED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
CHECKED = [CHECKS.get_one(name) for name in PROMISED]


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


def operations(app: Flask) -> dict[str, Any]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    found = [result.ok() for result in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def call_every_operation(app: Flask, place: Neighbourhood, who: Neighbour, *, calls: int) -> None:
    """Each operation gets its share of so many generated calls by this person, two at least.

    The answers are held against the document.
    """
    found = operations(app).values()
    assert len(found) > 100
    for operation in found:
        _hammer(operation, place, who, max(2, calls // len(found)))()


def _hammer(operation: Any, place: Neighbourhood, who: Neighbour, examples: int) -> Callable[[], None]:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def check(case: Any) -> None:
        if "community_id" in case.path_parameters:
            case.path_parameters["community_id"] = place.id.hex
        key = {"Idempotency-Key": f"{operation.label}-{id(case)}"[:100]}
        case.call_and_validate(headers=who.headers | key, checks=CHECKED)

    return check


@pytest.mark.long
def test_generated_calls_find_no_fault_and_no_undeclared_answer(app: Flask, place: Neighbourhood) -> None:
    call_every_operation(app, place, place.admin, calls=500)


@pytest.mark.long
@pytest.mark.parametrize("role", ["admin", "treasurer", "volunteer"])
def test_many_generated_calls_find_no_fault(app: Flask, place: Neighbourhood, role: str) -> None:
    who = place.volunteer() if role == "volunteer" else getattr(place, role)
    call_every_operation(app, place, who, calls=2000)


def test_every_operation_says_what_it_does(app: Flask, client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").json["paths"]
    silent = [
        f"{method} {path}"
        for path, item in paths.items()
        for method, operation in item.items()
        if method in ("get", "post", "delete", "put", "patch") and not operation.get("summary")
    ]
    assert not silent
