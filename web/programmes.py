"""Programmes and their earning rules, a rule tried out before it counts, and the month's issuance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for

from api.auth import current_actor
from api.schemas.fields import Month, Schema, Text, WholeNumber
from api.schemas.issuance import MOST_ISSUED
from ledger.core.errors import Invalid
from ledger.core.permissions import may, require, require_any
from ledger.core.tenancy import Actor
from ledger.service import dry_runs, issuance, programmes
from ledger.service.earning import RuleTerms, award_for, terms_of
from ledger.service.programmes import ProgrammeWithRule
from web.forms import read, send
from web.languages import CHINESE, language
from web.rule_forms import RuleFormSchema, values_of

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


class TrySchema(Schema):
    """Which month a rule is tried on."""

    month = Month(load_default=None)


class BudgetFormSchema(Schema):
    """IssuanceBudgetRequestSchema beside the form of a new programme, with the version that it was made from."""

    monthly_points = WholeNumber(1, MOST_ISSUED, load_default=None)
    budget_version = WholeNumber(0, 1_000_000, required=True)


@page.get("/c/<id:community_id>/programmes")
def list_all() -> Any:
    """Every programme with the rule in force, and what was given this month."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    require_any(actor, "see_programmes")
    given = issuance.see_issuance(actor)
    return render_template(
        "programmes/list.html",
        programmes=[_shown(one) for one in programmes.list_programmes(actor, limit=MOST)],
        issuance=given,
        given={one.programme_id.hex: one.points for one in given.programmes},
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
    terms, errors = read(RuleFormSchema())
    if wrong or errors:
        return _list(actor, values=request.form, errors=wrong | errors), 422
    return send(
        None,
        lambda _: programmes.create_programme(actor, named["name"], terms=terms),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _list(actor, **again),
    )


@page.post("/c/<id:community_id>/programmes/issuance-budget")
def set_issuance_budget() -> Any:
    """Another monthly budget of the community, or none."""
    actor = current_actor()
    return send(
        BudgetFormSchema(),
        lambda asked: issuance.set_budget(actor, asked["monthly_points"], version=asked["budget_version"]),
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
    return render_template(
        "programmes/rule.html",
        programme=_shown(found),
        version=found.rule.version,
        **({"values": values_of(found.rule), "errors": {}, "refusal": None, "tried": None} | again),
    )


@page.post("/c/<id:community_id>/programmes/<id:programme_id>/rule")
def change_rule(programme_id: UUID) -> Any:
    """A new version of the rule, which what began before does not follow; or only a look at what it would give."""
    actor = current_actor()
    asked, wrong = read(VersionSchema())
    if wrong:
        raise Invalid
    if "try" in request.form:
        return _try(actor, programme_id)
    return send(
        RuleFormSchema(),
        lambda terms: programmes.change_rule(actor, programme_id, version=asked["version"], terms=terms),
        to=lambda _: url_for(".list_all"),
        again=lambda **again: _rule(programme_id, **again),
    )


def _try(actor: Actor, programme_id: UUID) -> Any:
    """The form as it was filled in, and what these terms would have given. Nothing is stored."""
    asked, wrong = read(TrySchema())
    terms, errors = read(RuleFormSchema())
    if wrong or errors:
        return _rule(programme_id, values=request.form, errors=wrong | errors), 422
    assert isinstance(terms, RuleTerms)
    tried = dry_runs.dry_run(actor, programme_id, terms=terms, month=asked["month"])
    return _rule(programme_id, values=request.form, tried=tried)
