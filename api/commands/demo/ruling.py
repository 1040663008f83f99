"""Rules that are not as they began: caps after the first week, a multiplier, evidence, budgets nearly used."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from api.commands.demo.serving import CRAFTS, DOGS, MEALS, PATROL, PROGRAMMES, VISITS
from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.people.models import PostKind
from ledger.service import issuance, programmes
from ledger.service.earning import Multiplier, RuleTerms
from ledger.service.models import Evidence, EvidencePolicy

SECOND_VERSIONS: tuple[tuple[RuleTerms, RuleTerms], ...] = (
    (
        PATROL,
        replace(PATROL, max_points_day=20, max_points_month=24, multipliers=(Multiplier(PostKind.UNIT_STEWARD, 120),)),
    ),
    (MEALS, replace(MEALS, max_points_day=16, max_points_week=12)),
    (
        CRAFTS,
        replace(
            CRAFTS,
            max_points_member=400,
            evidence={Evidence.POSTER: EvidencePolicy.SECOND, Evidence.LATER: EvidencePolicy.NONE},
        ),
    ),
    (DOGS, replace(DOGS, max_points_day=8)),
)
"""What the first week taught: the rule as it was, and as it is."""

FIRST_BUDGET = 50_000
SPARE_PERCENT = 8
"""How much is left of the budgets on the last day."""


def tell_rules(town: Town, story: Story, monday: datetime) -> None:
    """Second versions from the first week's end on, and budgets; the last evening is short of them."""
    issuance.set_budget(town.cast["admin"], FIRST_BUDGET, version=0)
    story.tell(monday + timedelta(days=4, hours=20), partial(_change_rules, town))
    story.tell(town.until - timedelta(hours=4), partial(_tighten_budgets, town))


def _change_rules(town: Town) -> None:
    for before, terms in SECOND_VERSIONS:
        place = [rule for _, rule, _, _ in PROGRAMMES].index(before)
        programmes.change_rule(town.cast["admin"], town.programmes[place], version=1, terms=terms)


def _tighten_budgets(town: Town) -> None:
    """Door-to-door visits and the community as a whole have nearly given what they may in this month.

    In the evening, when the day is stamped: what began before the budget is paid by the rule of its time.
    """
    admin = town.cast["admin"]
    place = [rule for _, rule, _, _ in PROGRAMMES].index(VISITS)
    month = issuance.see_issuance(admin)
    given = {one.programme_id: one.points for one in month.programmes}
    budget = _nearly_used(given.get(town.programmes[place], 0))
    programmes.change_rule(admin, town.programmes[place], version=1, terms=replace(VISITS, budget_points=budget))
    issuance.set_budget(admin, _nearly_used(month.points), version=month.version)


def _nearly_used(points: int) -> int:
    return max(points, VISITS.points) * (100 + SPARE_PERCENT) // 100 + 1
