"""What a visit earns: pure arithmetic over a rule, the visit, and what its member earned before. No database here.

In this order: minutes rounded down, points floored, multiplied by the best post and floored again, the cap of a visit,
the evidence, the member's caps, the programme's budget. Minutes of service stay exact whatever the rule says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.people.models import PostKind
from ledger.service.models import Basis, Evidence, EvidencePolicy, ProgrammeRule

ROUNDINGS = (0, 5, 10, 15)
"""Minutes that a visit's time may be rounded down to; 0 is not at all."""

WHOLE = 100
"""Percent: not multiplied."""

_POSTS: dict[PostKind, tuple[str, str]] = {
    PostKind.GRID_WORKER: ("专职网格员", "grid worker"),
    PostKind.MICRO_GRID_LEADER: ("微网格长", "micro-grid leader"),
    PostKind.UNIT_STEWARD: ("单元管家", "unit steward"),
    PostKind.BUILDING_LEADER: ("楼栋长", "building leader"),
    PostKind.BRANCH_SECRETARY: ("支部书记", "branch secretary"),
}

_GRADES: dict[Evidence, tuple[str, str]] = {
    Evidence.COORDINATOR_SCAN: ("网格员扫码", "coordinator's scan"),
    Evidence.LIVE_CODE: ("动态码", "live code"),
    Evidence.POSTER_LOCATED: ("海报码加位置", "poster with location"),
    Evidence.POSTER: ("海报码", "poster"),
    Evidence.LATER: ("事后补录", "late entry"),
}


class Span(StrEnum):
    """Over what a member's cap counts; a week begins on Monday, all days are those of Asia/Shanghai."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    MEMBER = "member"

    def begins(self, day: date) -> date:
        """The first day of the span that holds the day; the whole membership is one span."""
        if self is Span.DAY:
            return day
        if self is Span.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Span.MONTH else date.min


_SPANS: dict[Span, tuple[str, str, str, str]] = {
    Span.DAY: ("当日", "每天", "that day", "a day"),
    Span.WEEK: ("当周", "每周", "that week", "a week"),
    Span.MONTH: ("当月", "每月", "that month", "a month"),
    Span.MEMBER: ("此前", "每人一共", "so far", "in all"),
}


@dataclass(frozen=True, slots=True, order=True)
class Multiplier:
    """Who holds this post when the credit begins earns `percent` (100 … 500) of the points."""

    post: PostKind
    percent: int


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule says. `points` for each visit or hour; `max_points` caps one visit, None is no cap.

    `max_points_day`, `_week`, `_month`, `_member` cap what a member earns from the programme on a day, in a week (from
    Monday), in a month, in all; `budget_points` what the programme gives to everybody in a month. A visit counts on the
    day (Asia/Shanghai) on which its credit began, whenever it is stamped: so a late stamp takes from the month that was
    served in. `evidence` names the grades that do not earn in full at the word of one stamper.
    """

    basis: Basis
    points: int
    rounding_minutes: int = 0
    max_points: int | None = None
    max_points_day: int | None = None
    max_points_week: int | None = None
    max_points_month: int | None = None
    max_points_member: int | None = None
    budget_points: int | None = None
    multipliers: tuple[Multiplier, ...] = ()
    evidence: Mapping[Evidence, EvidencePolicy] = field(default_factory=dict)

    @property
    def caps(self) -> dict[Span, int]:
        """The member's caps, shortest span first."""
        found = {
            Span.DAY: self.max_points_day,
            Span.WEEK: self.max_points_week,
            Span.MONTH: self.max_points_month,
            Span.MEMBER: self.max_points_member,
        }
        return {span: most for span, most in found.items() if most is not None}

    @property
    def is_limited(self) -> bool:
        """Does what a visit earns depend on other visits?"""
        return self.budget_points is not None or bool(self.caps)

    def policy_for(self, grade: Evidence) -> EvidencePolicy:
        return self.evidence.get(grade, EvidencePolicy.FULL)

    def as_columns(self) -> dict[str, Any]:
        """As the rule is stored, and sealed into the evidence of an award: figures, and lists in one order."""
        lists: dict[str, Any] = {
            "multipliers": [[one.post.value, one.percent] for one in sorted(self.multipliers)],
            "evidence": {grade.value: self.evidence[grade].value for grade in Evidence if grade in self.evidence},
        }
        return {"basis": self.basis} | {name: getattr(self, name) for name in FIGURES} | lists


FIGURES = (
    "points", "rounding_minutes", "max_points", "max_points_day", "max_points_week", "max_points_month",
    "max_points_member", "budget_points",
)  # fmt: skip
"""The plain numbers among a rule's terms."""


def terms_of(rule: ProgrammeRule) -> RuleTerms:
    """What a stored version says."""
    return RuleTerms(
        basis=Basis(rule.basis),
        multipliers=tuple(Multiplier(PostKind(post), percent) for post, percent in rule.multipliers),
        evidence={Evidence(grade): EvidencePolicy(policy) for grade, policy in rule.evidence.items()},
        **{name: getattr(rule, name) for name in FIGURES},
    )


class Award(NamedTuple):
    """What a visit earns: points, exact minutes, and why, in zh and en."""

    points: int
    minutes: int
    explanation: str
    explanation_en: str

    def but(self, points: int, zh: str, en: str) -> Award:
        """The same with other points, and the reason added to the sentence."""
        return Award(points, self.minutes, self.explanation + zh, self.explanation_en + en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One visit, as far as its award depends on it.

    `owner_id` is the member that stands for whoever served; `posts` what they held when the credit began. One that does
    not earn (it is refused, or waits for a second stamper) is shown what it would, and counts for no other.
    """

    owner_id: UUID
    programme_id: UUID
    terms: RuleTerms
    begins_at: datetime
    minutes: int
    grade: Evidence
    posts: Collection[PostKind] = ()
    earns: bool = True

    @property
    def day(self) -> date:
        """The day on which it counts."""
        return clock.local_day(self.begins_at)


class Tally:
    """The points of live stamps: of each member in each programme by span, and of each programme by month."""

    def __init__(self) -> None:
        self._of_members: Counter[tuple[UUID, UUID, Span, date]] = Counter()
        self._of_programmes: Counter[tuple[UUID, date]] = Counter()

    def add_member(self, owner_id: UUID, programme_id: UUID, day: date, points: int) -> None:
        for span in Span:
            self._of_members[owner_id, programme_id, span, span.begins(day)] += points

    def add_programme(self, programme_id: UUID, day: date, points: int) -> None:
        self._of_programmes[programme_id, Span.MONTH.begins(day)] += points

    def add(self, service: Service, points: int) -> None:
        self.add_member(service.owner_id, service.programme_id, service.day, points)
        self.add_programme(service.programme_id, service.day, points)

    def earned(self, service: Service, span: Span) -> int:
        return self._of_members[service.owner_id, service.programme_id, span, span.begins(service.day)]

    def given(self, service: Service) -> int:
        return self._of_programmes[service.programme_id, Span.MONTH.begins(service.day)]


class Earning(NamedTuple):
    """What a service earns; `is_over_budget`: its programme cannot pay it, so it is not stamped."""

    award: Award
    is_over_budget: bool


def earn_all(services: Sequence[Service], tally: Tally) -> list[Earning]:
    """What each earns, in the order asked, after all that the tally holds and those whose credit began before it.

    The tally holds them afterwards. Services that begin at one moment count in the order in which they are given.
    """
    found: dict[int, Earning] = {}
    for place in sorted(range(len(services)), key=lambda place: services[place].begins_at):
        service = services[place]
        earned = {span: tally.earned(service, span) for span in service.terms.caps}
        award = award_for(service.terms, service.minutes, grade=service.grade, posts=service.posts, earned=earned)
        budget = service.terms.budget_points
        over = service.earns and budget is not None and 0 < award.points > budget - tally.given(service)
        if service.earns and not over:
            tally.add(service, award.points)
        found[place] = Earning(award, over)
    return [found[place] for place in range(len(services))]


def award_for(
    terms: RuleTerms,
    minutes: int,
    *,
    grade: Evidence | None = None,
    posts: Collection[PostKind] = (),
    earned: Mapping[Span, int] | None = None,
) -> Award:
    """What a visit of `minutes` (≥ 0, exact) earns under the rule, with evidence of this grade (None: the best).

    `posts` are those held when the credit began, `earned` the points so far by span (left out: none). Minutes are
    rounded down first, then points are floored, multiplied, floored and capped; fractions are not carried.
    """
    assert minutes >= 0, "nobody leaves before arriving"
    award = _multiplied(_by_basis(terms, minutes), terms, posts)
    if terms.max_points is not None and award.points > terms.max_points:
        award = award.but(
            terms.max_points, f"，每次最多 {terms.max_points} 朵", f", at most {terms.max_points} a visit"
        )
    return _capped(_by_evidence(award, terms, grade), terms, earned or {})


def _by_basis(terms: RuleTerms, minutes: int) -> Award:
    if terms.basis == Basis.PER_VISIT:
        points, zh, en = terms.points, "1 次", "1 visit"
    else:
        counted = minutes - minutes % terms.rounding_minutes if terms.rounding_minutes else minutes
        points, zh, en = terms.points * counted // 60, _in_chinese(counted), _in_english(counted)
        if counted != minutes:
            zh = f"{_in_chinese(minutes)}，按 {terms.rounding_minutes} 分钟取整为 {zh}"
            en = f"{_in_english(minutes)}, rounded down to {en}"
    zh, en = f"{zh} × {terms.points} = {points} 朵", f"{en} × {terms.points} = {points} flowers"
    return Award(points, minutes, zh, en)


def _multiplied(award: Award, terms: RuleTerms, posts: Collection[PostKind]) -> Award:
    """By the highest multiplier of a post that is held."""
    held = [one for one in terms.multipliers if one.post in posts]
    best = max(held, key=lambda one: one.percent, default=None)
    if best is None or best.percent == WHOLE:
        return award
    points = award.points * best.percent // WHOLE
    zh, en = _POSTS[best.post]
    return award.but(
        points, f"，{zh} × {best.percent}% = {points} 朵", f", as {en} × {best.percent}% = {points} flowers"
    )


def _by_evidence(award: Award, terms: RuleTerms, grade: Evidence | None) -> Award:
    policy = EvidencePolicy.FULL if grade is None else terms.policy_for(grade)
    if grade is None or policy is EvidencePolicy.FULL:
        return award
    zh, en = _GRADES[grade]
    if policy is EvidencePolicy.SECOND:
        return award.but(award.points, f"；凭据是{zh}，要两人盖章", f"; by {en}: takes two stampers")
    return award.but(0, f"；凭据是{zh}，只记时长，计 0 朵", f"; by {en}: only hours count, 0 flowers")


def _capped(award: Award, terms: RuleTerms, earned: Mapping[Span, int]) -> Award:
    """Cut by the cap that leaves least; the shorter span where two leave the same."""
    left = {span: max(0, most - earned.get(span, 0)) for span, most in terms.caps.items()}
    span = min(left, key=lambda one: left[one], default=None)
    if span is None or award.points <= left[span]:
        return award
    had, zh_most, had_en, en_most = _SPANS[span]
    most, so_far, points = terms.caps[span], earned.get(span, 0), left[span]
    return award.but(
        points,
        f"，{had}已得 {so_far} 朵，{zh_most}最多 {most} 朵，计 {points} 朵",
        f", {so_far} earned {had_en}, at most {most} {en_most}: {points} flowers",
    )


def _in_chinese(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} 小时"] * bool(hours) + [f"{rest} 分钟"] * bool(rest or not hours)
    return " ".join(parts)


def _in_english(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)
