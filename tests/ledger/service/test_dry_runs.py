"""A rule tried out on a month: the same arithmetic as the stamp, and nothing is stored."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.service.dry_runs import dry_run
from ledger.service.earning import Multiplier, RuleTerms
from ledger.service.models import Basis, Decision, Evidence, EvidencePolicy, ProgrammeRule
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.test_caps import after, served
from tests.stories import open_neighbourhood

NOVEMBER = date(2026, 11, 1)


def hourly(points: int, **more: Any) -> RuleTerms:
    return RuleTerms(Basis.PER_HOUR, points, **more)


def test_a_month_is_earned_again_under_other_terms(day: Day):
    admin, busy, calm = day.place.admin.actor, day.place.volunteer(), day.place.volunteer("王强")
    clock.move_to(NINE)
    grants.give_post(admin, calm.member_id, kind=PostKind.UNIT_STEWARD, unit_id=day.place.micro_grid.id)
    visits = [served(day, busy, after(n)) for n in (0, 2, 4)] + [served(day, calm, after(6))]
    undone = served(day, calm, after(8))
    stamp_checkins(day.place.stamper.actor, [one.id for one in visits], decision=Decision.STAMP)
    stamp_checkins(day.place.stamper.actor, [undone.id], decision=Decision.RETURN)
    terms = hourly(6, max_points_day=8, multipliers=(Multiplier(PostKind.UNIT_STEWARD, 150),))
    found = dry_run(admin, day.programme.id, terms=terms, month=NOVEMBER)
    assert (found.visits, found.members, found.points_now, found.points_then, found.waiting) == (4, 2, 20, 16, 0)
    rows = [(row.member_name, row.visits, row.points_now, row.points_then, row.difference) for row in found.rows]
    assert rows == [("林秀芳", 3, 15, 8, -7), ("王强", 1, 5, 8, 3)]
    paid = dry_run(admin, day.programme.id, terms=hourly(6, budget_points=13), month=NOVEMBER)
    assert (paid.points_then, paid.waiting) == (12, 2)
    posters = dry_run(
        admin, day.programme.id, terms=hourly(5, evidence={Evidence.POSTER: EvidencePolicy.NONE}), month=NOVEMBER
    )
    assert (posters.points_then, posters.difference) == (0, -20)
    assert db.session.scalar(select(func.count()).select_from(ProgrammeRule)) == 1


def test_caps_that_reach_back_count_what_was_given_before_the_month(day: Day):
    person = day.place.volunteer()
    visits = [served(day, person, after(24 * n)) for n in (0, 10, 11)]  # 20 and 30 November, 1 December.
    stamp_checkins(day.place.stamper.actor, [one.id for one in visits], decision=Decision.STAMP)
    admin, programme_id, december = day.place.admin.actor, day.programme.id, date(2026, 12, 24)
    asked = {"max_points_member": 12, "max_points_week": 7, "max_points_month": 4, "max_points_day": 9}
    then = {
        name: dry_run(admin, programme_id, terms=hourly(5, **{name: most}), month=december).points_then
        for name, most in asked.items()
    }
    assert then == {"max_points_member": 2, "max_points_week": 2, "max_points_month": 4, "max_points_day": 5}


def test_last_month_is_tried_unless_another_is_asked_for(day: Day):
    day.stamped(day.place.volunteer())
    admin = day.place.admin.actor
    assert dry_run(admin, day.programme.id, terms=hourly(9)).month == date(2026, 10, 1)
    clock.advance(days=20)
    assert dry_run(admin, day.programme.id, terms=hourly(9)).points_then == 18


def test_only_who_may_change_the_rule_tries_one_out(day: Day):
    for person in (day.place.stamper, day.place.treasurer, day.place.volunteer()):
        with pytest.raises(Forbidden):
            dry_run(person.actor, day.programme.id, terms=hourly(9))
    with pytest.raises(NotFound):
        dry_run(open_neighbourhood("北塔社区").admin.actor, day.programme.id, terms=hourly(9))
