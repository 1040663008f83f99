"""Any order of stamping, undoing, returning and stamping again stays within every cap, and equals a slow model."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID

import pytest

from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.service.earning import RuleTerms
from ledger.service.models import Basis, Checkin, CheckinState, Decision
from ledger.service.programmes import change_rule
from ledger.service.stamps import preview_stamps, stamp_checkins
from ledger.service.undoing import undo_batch, undo_stamp
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.test_caps import served

CAPS = {"max_points_day": 9, "max_points_week": 16, "max_points_month": 24, "max_points_member": 38}
BUDGET = 46
POINTS = 5
STEPS = 45


class Model:
    """The rule, told as slowly as it can be: every question goes over all visits that are stamped now."""

    def __init__(self, visits: list[Checkin]) -> None:
        self.visits = {visit.id: visit for visit in visits}
        self.points: dict[UUID, int] = {}

    def day(self, visit: Checkin) -> date:
        return clock.local_day(visit.arrived_at)

    def earned(self, visit: Checkin, of: str) -> int:
        """What the member has of the visit's day, week, month or in all."""
        day = self.day(visit)
        alike = {
            "max_points_day": lambda other: other == day,
            "max_points_week": lambda other: other.isocalendar()[:2] == day.isocalendar()[:2],
            "max_points_month": lambda other: (other.year, other.month) == (day.year, day.month),
            "max_points_member": lambda _other: True,
        }[of]
        stamped = [self.visits[one] for one in self.points]
        return sum(self.points[one.id] for one in stamped if one.member_id == visit.member_id and alike(self.day(one)))

    def given(self, visit: Checkin) -> int:
        day = self.day(visit)
        return sum(
            points
            for one, points in self.points.items()
            if (self.day(self.visits[one]).year, self.day(self.visits[one]).month) == (day.year, day.month)
        )

    def stamp(self, ids: list[UUID]) -> dict[UUID, int | str]:
        found: dict[UUID, int | str] = {}
        for visit in sorted((self.visits[one] for one in ids), key=lambda one: (one.arrived_at, one.id)):
            points = POINTS * (visit.minutes or 0) // 60
            for name, most in CAPS.items():
                points = min(points, max(0, most - self.earned(visit, name)))
            if points and points > BUDGET - self.given(visit):
                found[visit.id] = "budget_exhausted"
                continue
            found[visit.id] = self.points[visit.id] = points
        return found

    def undo(self, checkin_id: UUID) -> None:
        del self.points[checkin_id]


@pytest.mark.parametrize("number", [1, 2])
def test_any_history_stays_within_all_caps_and_equals_the_model(day: Day, number: int):
    chance = random.Random(number)
    terms = RuleTerms(Basis.PER_HOUR, POINTS, budget_points=BUDGET, **CAPS)
    change_rule(day.place.admin.actor, day.programme.id, version=1, terms=terms)
    people = [day.place.volunteer(f"志愿者{n}") for n in range(3)]
    hours = sorted(chance.sample(range(24 * 16), 24))
    visits = [
        served(day, chance.choice(people), NINE + timedelta(hours=hour), chance.choice((0.5, 0.75, 1)))
        for hour in hours
    ]
    model, stamper = Model(visits), day.place.stamper.actor
    states = {visit.id: CheckinState.PENDING for visit in visits}
    live: dict[UUID, UUID] = {}  # The stamp of each decided visit.
    for _ in range(STEPS):
        waiting = [one for one, state in states.items() if state is CheckinState.PENDING]
        stamped = [one for one, state in states.items() if state is CheckinState.STAMPED]
        returned = [one for one, state in states.items() if state is CheckinState.RETURNED]
        what = chance.choice(["stamp", "stamp", "undo", "return", "back", "whole"])
        if what in ("stamp", "whole") and waiting:
            ids = chance.sample(waiting, min(len(waiting), chance.randint(1, 6)))
            shown = preview_stamps(stamper, ids, decision=Decision.STAMP)
            batch = stamp_checkins(stamper, ids, decision=Decision.STAMP, preview_digest=shown.preview_digest)
            assert {one.checkin_id: one.code or one.points for one in batch.results} == model.stamp(ids)
            for one in batch.results:
                if one.stamp_id is not None:
                    states[one.checkin_id], live[one.checkin_id] = CheckinState.STAMPED, one.stamp_id
            if what == "whole" and batch.batch_id is not None:
                undo_batch(stamper, batch.batch_id)
                for one in batch.results:
                    if one.stamp_id is not None:
                        model.undo(one.checkin_id)
                        states[one.checkin_id] = CheckinState.PENDING
        elif what == "undo" and stamped:
            chosen = chance.choice(stamped)
            undo_stamp(stamper, live[chosen])
            model.undo(chosen)
            states[chosen] = CheckinState.PENDING
        elif what == "return" and waiting:
            chosen = chance.choice(waiting)
            batch = stamp_checkins(stamper, [chosen], decision=Decision.RETURN)
            states[chosen], live[chosen] = CheckinState.RETURNED, batch.results[0].stamp_id or chosen
        elif what == "back" and returned:
            chosen = chance.choice(returned)
            undo_stamp(stamper, live[chosen])
            states[chosen] = CheckinState.PENDING
        for person in people:
            own = sum(points for one, points in model.points.items() if model.visits[one].member_id == person.member_id)
            assert person.member_id is not None
            assert member_balance(day.place.id, person.member_id).posted == own <= CAPS["max_points_member"]
        assert all(model.earned(visit, name) <= most for visit in visits for name, most in CAPS.items())
        assert all(model.given(visit) <= BUDGET for visit in visits)
