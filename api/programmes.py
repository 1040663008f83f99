"""Programmes: the kinds of service a community asks for, with versioned rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.programmes import (
    DryRunRequestSchema,
    DryRunSchema,
    ProgrammePageSchema,
    ProgrammeRequestSchema,
    ProgrammeSchema,
    RuleTermsSchema,
)
from api.versions import IF_MATCH, etag_of, version_in_hand
from api.writing import writes
from ledger.service import dry_runs, programmes
from ledger.service.dry_runs import DryRun
from ledger.service.programmes import ProgrammeWithRule, RuleTerms

blp = resource("programmes", "Kinds of service and what they earn.")


@blp.get("/programmes")
@blp.arguments(PageQuery, location="query")
@blp.response(200, ProgrammePageSchema)
def list_programmes(asked: dict[str, Any]) -> dict[str, Any]:
    """The community's programmes with their present rules, newest first."""
    rows = programmes.list_programmes(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"], key="programme.id")


@blp.post("/programmes")
@blp.arguments(ProgrammeRequestSchema)
@blp.response(201, ProgrammeSchema)
@writes(ProgrammeSchema, status=201)
def post_programme(asked: dict[str, Any]) -> ProgrammeWithRule:
    """Add a programme with version 1 of its rule."""
    return programmes.create_programme(current_actor(), asked["name"], terms=asked["rule"])


@blp.get("/programmes/<id:programme_id>")
@blp.response(200, ProgrammeSchema)
def get_programme(programme_id: UUID) -> tuple[ProgrammeWithRule, int, dict[str, str]]:
    """One programme; its ETag names the version of the rule."""
    found = programmes.see_programme(current_actor(), programme_id)
    return found, 200, etag_of(found.rule.version)


@blp.put("/programmes/<id:programme_id>/rule")
@blp.doc(parameters=[IF_MATCH])
@blp.arguments(RuleTermsSchema)
@blp.response(200, ProgrammeSchema)
@writes(ProgrammeSchema)
def put_rule(terms: RuleTerms, programme_id: UUID) -> ProgrammeWithRule:
    """Give the programme a new version of its rule (If-Match: the version that was read)."""
    return programmes.change_rule(current_actor(), programme_id, version=version_in_hand(), terms=terms)


@blp.post("/programmes/<id:programme_id>/dry-run")
@blp.arguments(DryRunRequestSchema)
@blp.response(200, DryRunSchema)
def post_dry_run(asked: dict[str, Any], programme_id: UUID) -> DryRun:
    """What these terms would have given for a month's stamped visits. Stores nothing and needs no key."""
    return dry_runs.dry_run(current_actor(), programme_id, terms=asked["terms"], month=asked["month"])
