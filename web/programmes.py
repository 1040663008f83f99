"""Programmes and their earning rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.fields import Schema, Text, WholeNumber
from api.schemas.programmes import RuleTermsSchema
from ledger.core.errors import Invalid
from ledger.core.permissions import may, require, require_any
from ledger.core.tenancy import Actor
from ledger.service import programmes
from ledger.service.earning import award_for, terms_of
from ledger.service.programmes import ProgrammeWithRule
from web.forms import read, send
from web.languages import CHINESE, language

page = Blueprint("programmes", __name__)

MOST = 200
EXAMPLE_MINUTES = 100
"""The visit by which a rule is explained: not a round number, so that rounding shows."""


class NameSchema(Schema):
    """The first half of ProgrammeRequestSchema; its rule stands in the same form, flat."""

    name = Text(80, least=1, required=True)


class VersionSchema(Schema):
    """Which version of the rule the form was made from."""

    version = WholeNumber(1, 1_000_000, required=True)


@page.get("/c/<id:community_id>/programmes")
def list_all() -> Any:
    """Every programme with the rule in force."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    require_any(actor, "see_programmes")
    return render_template(
        "programmes/list.html",
        programmes=[_shown(one) for one in programmes.list_programmes(actor, limit=MOST)],
        can_manage=may(actor, "manage_programmes"),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _shown(one: ProgrammeWithRule) -> dict[str, Any]:
    example = award_for(terms_of(one.rule), EXAMPLE_MINUTES)
    return {
        "id": one.programme.id.hex,
        "name": one.programme.name,
        "ended_at": one.programme.ended_at,
        "rule": one.rule,
        "example": example.explanation if language() == CHINESE else example.explanation_en,
    }


@page.post("/c/<id:community_id>/programmes")
def create() -> Any:
    """A new programme, or the form again with its errors."""
    actor = current_actor()
    require(actor, "manage_programmes")
    named, wrong = read(NameSchema())
    terms, errors = read(RuleTermsSchema())
    if wrong or errors:
        return _list(actor, values=request.form, errors=wrong | errors), 422
    return send(
        None,
        lambda _: programmes.create_programme(actor, named["name"], terms=terms),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )


@page.get("/c/<id:community_id>/programmes/<id:programme_id>/rule")
def show_rule(programme_id: UUID) -> Any:
    """The form of the next version of the rule, filled in with the present one."""
    return _rule(programme_id)


def _rule(programme_id: UUID, **again: Any) -> str:
    actor = current_actor()
    found = programmes.see_programme(actor, programme_id)
    require(actor, "manage_programmes")
    rule = found.rule
    values = {name: getattr(rule, name) for name in ("basis", "points", "rounding_minutes", "max_points")}
    return render_template(
        "programmes/rule.html",
        programme=_shown(found),
        version=rule.version,
        **({"values": values, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/programmes/<id:programme_id>/rule")
def change_rule(programme_id: UUID) -> Any:
    """A new version of the rule; what began before keeps the old one."""
    actor = current_actor()
    asked, wrong = read(VersionSchema())
    if wrong:
        raise Invalid
    return send(
        RuleTermsSchema(),
        lambda terms: programmes.change_rule(actor, programme_id, version=asked["version"], terms=terms),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _rule(programme_id, **again),
    )
