"""What a visit earns under a complete rule: multipliers, evidence, caps and budgets. No database here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ledger.people.models import PostKind
from ledger.service.earning import Multiplier, RuleTerms, Service, Span, Tally, award_for, earn_all
from ledger.service.models import Basis, Evidence, EvidencePolicy

LEADER, STEWARD = PostKind.MICRO_GRID_LEADER, PostKind.UNIT_STEWARD
ANNA, BEN, PATROL = UUID(int=1), UUID(int=2), UUID(int=3)
MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)

caps = some.none() | some.integers(1, 60)
rules = some.builds(
    RuleTerms,
    basis=some.sampled_from(Basis),
    points=some.integers(1, 40),
    rounding_minutes=some.sampled_from((0, 5, 10, 15)),
    max_points=caps,
    max_points_day=caps,
    max_points_week=caps,
    max_points_month=caps,
    max_points_member=caps,
    budget_points=some.none() | some.integers(1, 150),
    multipliers=some.lists(
        some.builds(Multiplier, some.sampled_from(PostKind), some.integers(100, 500)),
        max_size=3,
        unique_by=lambda one: one.post,
    ).map(tuple),
    evidence=some.dictionaries(some.sampled_from(Evidence), some.sampled_from(EvidencePolicy), max_size=5),
)
visits = some.lists(
    some.tuples(
        some.sampled_from((ANNA, BEN)),
        some.integers(0, 45 * 24 * 60),
        some.integers(0, 300),
        some.sampled_from(Evidence),
        some.frozensets(some.sampled_from(PostKind), max_size=2),
    ),
    max_size=25,
)


def service(terms: RuleTerms, *, after: timedelta = timedelta(), owner: UUID = ANNA, **more: Any) -> Service:
    facts = {"minutes": 60, "grade": Evidence.LIVE_CODE} | more
    return Service(owner_id=owner, programme_id=PATROL, terms=terms, begins_at=MONDAY + after, **facts)


def points_of(*services: Service, tally: Tally | None = None) -> list[int | None]:
    """What each earns; None where the budget refuses it."""
    earned = earn_all(services, tally or Tally())
    return [None if one.is_over_budget else one.award.points for one in earned]


@given(rules, visits)
def test_no_order_of_visits_earns_more_than_any_cap_or_the_budget(terms, served):
    services = [
        service(terms, owner=owner, after=timedelta(minutes=after), minutes=minutes, grade=grade, posts=posts)
        for owner, after, minutes, grade, posts in served
    ]
    earned = list(zip(services, points_of(*services), strict=True))
    for span, most in terms.caps.items():
        for whose in {(one.owner_id, span.begins(one.day)) for one in services}:
            assert sum(got or 0 for one, got in earned if (one.owner_id, span.begins(one.day)) == whose) <= most
    if terms.budget_points is not None:
        for month in {Span.MONTH.begins(one.day) for one in services}:
            given_out = sum(got or 0 for one, got in earned if Span.MONTH.begins(one.day) == month)
            assert given_out <= terms.budget_points


@given(rules, visits)
def test_explanations_fit_where_they_are_kept_and_minutes_stay_exact(terms, served):
    for _, _, minutes, grade, posts in served:
        award = award_for(terms, minutes, grade=grade, posts=posts, earned=dict.fromkeys(terms.caps, 10**9))
        assert award.minutes == minutes
        assert max(len(award.explanation), len(award.explanation_en)) <= 300
        assert f"{award.points} 朵" in award.explanation
        assert f"{award.points}" in award.explanation_en


@pytest.mark.parametrize(
    ("more", "facts", "points", "zh", "en"),
    [
        (
            {"multipliers": (Multiplier(LEADER, 150),)}, {"posts": {LEADER}}, 7,
            "1 小时 × 5 = 5 朵，微网格长 × 150% = 7 朵",
            "1 h × 5 = 5 flowers, as micro-grid leader × 150% = 7 flowers",
        ),
        (
            {"evidence": {Evidence.POSTER: EvidencePolicy.NONE}}, {"grade": Evidence.POSTER}, 0,
            "1 小时 × 5 = 5 朵；凭据是海报码，只记时长，计 0 朵",
            "1 h × 5 = 5 flowers; by poster: only hours count, 0 flowers",
        ),
        (
            {"evidence": {Evidence.POSTER: EvidencePolicy.SECOND}}, {"grade": Evidence.POSTER}, 5,
            "1 小时 × 5 = 5 朵；凭据是海报码，要两人盖章",
            "1 h × 5 = 5 flowers; by poster: takes two stampers",
        ),
        (
            {"max_points_day": 18}, {"earned": {Span.DAY: 15}}, 3,
            "1 小时 × 5 = 5 朵，当日已得 15 朵，每天最多 18 朵，计 3 朵",
            "1 h × 5 = 5 flowers, 15 earned that day, at most 18 a day: 3 flowers",
        ),
        (
            {"max_points_week": 20, "max_points_member": 10}, {"earned": {Span.WEEK: 17, Span.MEMBER: 10}}, 0,
            "1 小时 × 5 = 5 朵，此前已得 10 朵，每人一共最多 10 朵，计 0 朵",
            "1 h × 5 = 5 flowers, 10 earned so far, at most 10 in all: 0 flowers",
        ),
        (
            {"max_points": 6, "multipliers": (Multiplier(LEADER, 300),)}, {"posts": {LEADER}}, 6,
            "1 小时 × 5 = 5 朵，微网格长 × 300% = 15 朵，每次最多 6 朵",
            "1 h × 5 = 5 flowers, as micro-grid leader × 300% = 15 flowers, at most 6 a visit",
        ),
    ],
)  # fmt: skip
def test_what_a_rule_did_is_said_in_both_languages(more, facts, points, zh, en):
    award = award_for(RuleTerms(Basis.PER_HOUR, 5, **more), 60, **facts)
    assert (award.points, award.explanation, award.explanation_en) == (points, zh, en)


def test_of_several_posts_the_highest_multiplier_counts():
    terms = RuleTerms(Basis.PER_HOUR, 5, multipliers=(Multiplier(LEADER, 200), Multiplier(STEWARD, 120)))
    assert [award_for(terms, 60, posts=posts).points for posts in ((), {STEWARD}, {STEWARD, LEADER})] == [5, 6, 10]


def test_visits_count_in_the_order_of_their_credit_not_of_the_list():
    terms = RuleTerms(Basis.PER_HOUR, 5, max_points_day=8)
    later, earlier = service(terms, after=timedelta(hours=3)), service(terms)
    assert points_of(later, earlier) == [3, 5]


def test_spans_end_at_midnight_on_sunday_and_with_the_month():
    terms = RuleTerms(Basis.PER_HOUR, 5, max_points_week=5)
    sunday, monday = timedelta(days=6, hours=14, minutes=59), timedelta(days=6, hours=15)  # 23:59 and 0:00 at home.
    assert points_of(service(terms), service(terms, after=sunday), service(terms, after=monday)) == [5, 0, 5]
    assert [Span.MONTH.begins(day).day for day in (date(2026, 11, 30), date(2026, 12, 1))] == [1, 1]


def test_a_budget_refuses_what_it_cannot_pay_in_full_and_pays_what_fits_after_it():
    terms = RuleTerms(Basis.PER_HOUR, 5, budget_points=9)
    half = service(terms, after=timedelta(hours=2), minutes=30)
    unpaid = service(terms, after=timedelta(hours=1), owner=BEN)
    assert points_of(service(terms), unpaid, half) == [5, None, 2]
    assert points_of(service(terms, minutes=0), tally=_full(terms)) == [0]


def _full(terms: RuleTerms) -> Tally:
    tally = Tally()
    tally.add_programme(PATROL, MONDAY.date(), terms.budget_points or 0)
    return tally


def test_what_does_not_earn_yet_is_shown_its_award_and_counts_for_no_other():
    terms = RuleTerms(Basis.PER_HOUR, 5, max_points_day=8, budget_points=5)
    assert points_of(service(terms, earns=False), service(terms, owner=BEN)) == [5, 5]
