"""The OpenAPI document: flask-smorest, with problems as the error form and without its error handler."""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import Any, cast

from flask import request
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from flask_smorest.spec import prepare_response
from marshmallow import fields
from webargs.flaskparser import FlaskParser

from api.auth import IdConverter, View, public
from api.schemas.fields import Schema

PROBLEM = "application/problem+json"


class ProblemSchema(Schema):
    """RFC 9457: why a request was refused, and what to do next."""

    type = fields.String(required=True, metadata={"description": "Where the reason is explained."})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Reason code, from a closed list."})
    title = fields.String(required=True, metadata={"description": "A sentence for people."})
    detail = fields.String(required=True, metadata={"description": "What to do next."})
    request_id = fields.String(required=True)
    retry_after = fields.Integer(metadata={"description": "For 429: seconds to wait, as in Retry-After."})
    errors = fields.Dict(keys=fields.String(), metadata={"description": "For 422: what is wrong, by field."})


class Api(SmorestApi):
    """Registers no error handler: api/errors.py answers, and the HTML pages keep theirs."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Nothing: see the class."""

    def _register_responses(self) -> None:
        """Every error is a problem document."""
        names = {status.name: status.phrase for status in HTTPStatus} | {"DEFAULT_ERROR": "Any other refusal"}
        for name, words in names.items():
            response: dict[str, Any] = {"description": words, "schema": self.ERROR_SCHEMA}
            prepare_response(response, self.spec, PROBLEM)
            self.spec.components.response(name, response, lazy=True)


def new_api(app: Any) -> Api:
    """The API of an app, with its settings."""
    app.config |= {
        "API_TITLE": "小红花 Red Flower",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
    }
    bearer = {"type": "http", "scheme": "bearer"}
    api = Api(app, spec_kwargs={"security": [{"bearer": []}], "components": {"securitySchemes": {"bearer": bearer}}})
    show_document = app.view_functions["api-docs.openapi_json"]
    app.view_functions["api-docs.openapi_json"] = public(knows_its_questions(lambda: show_document()))
    api.register_converter(IdConverter, lambda _converter: {"type": "string", "pattern": "^[0-9a-f]{32}$"})
    return api


class Parser(FlaskParser):
    """Refuses in an address what its schema does not know, as in a body."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": None}


PARSER = Parser()


def knows_its_questions(view: View) -> View:
    """The view, which refuses every question in its address: all of them where it declares none."""
    told = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
    if any(one["in"] == "query" for one in told):
        return view  # Its own schema refuses the rest.

    @functools.wraps(view)
    def ask(*args: Any, **kwargs: Any) -> Any:
        if request.args:
            PARSER.parse(Schema(), location="query")
        return view(*args, **kwargs)

    return cast(View, ask)


class Blueprint(SmorestBlueprint):
    """A resource whose routes refuse the questions that they do not know, with a schema for them or without."""

    ARGUMENTS_PARSER = PARSER

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        super().add_url_rule(rule, endpoint, knows_its_questions(view_func), *args, **options)


def resource(name: str, description: str) -> Blueprint:
    """A resource of a community: `/api/v1/communities/{community_id}/…`."""
    return Blueprint(name, f"api.{name}", url_prefix="/api/v1/communities/<id:community_id>", description=description)


def global_resource(name: str, description: str) -> Blueprint:
    """A resource above communities: `/api/v1/…`."""
    return Blueprint(name, f"api.{name}", url_prefix="/api/v1", description=description)
