"""The form of an earning rule: flat fields for what the API nests, and a stored rule as their values."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from api.schemas.fields import WholeNumber
from api.schemas.programmes import RuleFiguresSchema
from ledger.people.models import PostKind
from ledger.service.earning import FIGURES, Multiplier, RuleTerms
from ledger.service.models import Evidence, EvidencePolicy, ProgrammeRule


def _percent() -> WholeNumber:
    return WholeNumber(100, 500, load_default=None, allow_none=True)


def _policy() -> fields.Enum[EvidencePolicy]:
    return fields.Enum(EvidencePolicy, by_value=True, load_default=EvidencePolicy.FULL)


class RuleFormSchema(RuleFiguresSchema):
    """RuleTermsSchema with a field for each post and each grade of evidence; empty is not multiplied, full."""

    percent_grid_worker = _percent()
    percent_micro_grid_leader = _percent()
    percent_unit_steward = _percent()
    percent_building_leader = _percent()
    percent_branch_secretary = _percent()
    evidence_coordinator_scan = _policy()
    evidence_live_code = _policy()
    evidence_poster_located = _policy()
    evidence_poster = _policy()
    evidence_later = _policy()

    @post_load
    def as_terms(self, asked: dict[str, Any], **_: Any) -> RuleTerms:
        percents = {post: asked.pop(f"percent_{post}") for post in PostKind}
        policies = {grade: asked.pop(f"evidence_{grade}") for grade in Evidence}
        return RuleTerms(
            **asked,
            multipliers=tuple(Multiplier(post, percent) for post, percent in percents.items() if percent is not None),
            evidence={grade: policy for grade, policy in policies.items() if policy is not EvidencePolicy.FULL},
        )


def values_of(rule: ProgrammeRule) -> dict[str, Any]:
    """What the form of the next version is filled in with."""
    percents = {f"percent_{post}": percent for post, percent in rule.multipliers}
    policies = {f"evidence_{grade}": policy for grade, policy in rule.evidence.items()}
    return {name: getattr(rule, name) for name in ("basis", *FIGURES)} | percents | policies
