"""The community's monthly issuance: its figures, and the alarm that is raised once for each level of a month."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from ledger.core import clock, jobs
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, VersionChanged
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Counter, Role
from ledger.people.models import Notice
from ledger.people.notices import sentence_of
from ledger.service.earning import RuleTerms
from ledger.service.issuance import see_issuance, set_budget, watch_issuance
from ledger.service.models import Basis
from ledger.service.programmes import create_programme
from ledger.service.undoing import undo_stamp
from tests.ledger.service.day import Day
from tests.stories import open_neighbourhood


def told(day: Day) -> list[tuple[str, int]]:
    """Whom the alarm was told, and at which level, in order."""
    rows = db.session.scalars(
        select(Notice).where(Notice.community_id == day.place.id, Notice.kind == "issuance.reached").order_by(Notice.id)
    )
    names = {day.place.admin.person_id: "admin", day.place.treasurer.person_id: "treasurer"}
    return sorted((names[row.person_id], row.facts["level"]) for row in rows)


def tick(day: Day) -> None:
    """What the clock does every ten minutes."""
    atomic(watch_issuance)(day.place.id, "")


def test_a_month_shows_what_was_given_beside_the_budgets(day: Day):
    admin = day.place.admin.actor
    capped = create_programme(admin, "送餐", terms=RuleTerms(Basis.PER_VISIT, 3, budget_points=90)).programme
    set_budget(admin, 25, version=0)
    day.stamped(day.place.volunteer())
    stamp_id = day.stamped(day.place.volunteer("王强"))
    seen = see_issuance(day.place.volunteer("赵敏").actor)
    assert (seen.month, seen.points, seen.budget_points, seen.version) == (date(2026, 11, 1), 20, 25, 1)
    assert (seen.percent, seen.level) == (80, 80)
    rows = [(one.name, one.points, one.budget_points) for one in seen.programmes]
    assert sorted(rows) == sorted([("巡逻", 20, None), (capped.name, 0, 90)])
    undo_stamp(day.place.stamper.actor, stamp_id)
    assert see_issuance(admin).points == 10
    assert see_issuance(admin, date(2026, 10, 9)).points == 0


def test_admins_and_treasurers_are_told_once_for_each_level_of_a_month(day: Day):
    admin = day.place.admin.actor
    set_budget(admin, 25, version=0)
    day.stamped(day.place.volunteer())
    tick(day)
    assert told(day) == []
    day.stamped(day.place.volunteer("王强"))
    tick(day)
    tick(day)
    assert told(day) == [("admin", 80), ("treasurer", 80)]
    third = day.stamped(day.place.volunteer("赵敏"))
    tick(day)
    undo_stamp(day.place.stamper.actor, third)
    tick(day)
    assert told(day) == [("admin", 80), ("admin", 100), ("treasurer", 80), ("treasurer", 100)]
    notices = db.session.scalars(select(Notice).where(Notice.kind == "issuance.reached"))
    notice = next(one for one in notices if one.facts["level"] == 80)
    assert sentence_of(notice, "zh") == "2026年11月已发放 20 朵红花，到了社区每月预算 25 朵的 80%。"
    assert (
        sentence_of(notice, "en")
        == "20 flowers were given for November 2026: 80 % of the community's monthly budget of 25."
    )


def test_what_is_stamped_in_the_next_month_still_raises_the_alarm_of_its_own(day: Day):
    set_budget(day.place.admin.actor, 10, version=0)
    visit = day.served(day.place.volunteer())
    clock.advance(days=14)
    day.stamp([visit.id])
    jobs.tick([day.place.id])
    assert told(day) == [("admin", 100), ("treasurer", 100)]


def test_a_budget_is_changed_by_an_admin_who_has_read_it_and_tells_at_once(day: Day):
    admin = day.place.admin.actor
    day.stamped(day.place.volunteer())
    assert set_budget(admin, 10, version=0).level == 100
    assert told(day) == [("admin", 100), ("treasurer", 100)]
    with pytest.raises(VersionChanged):
        set_budget(admin, 20, version=0)
    without = set_budget(admin, None, version=1)
    assert (without.budget_points, without.percent, without.level, without.version) == (None, None, None, 2)
    for person in (day.place.treasurer, day.place.coordinator, day.place.volunteer("王强")):
        with pytest.raises(Forbidden):
            set_budget(person.actor, 10, version=2)
    elsewhere = open_neighbourhood("北塔社区").admin.actor
    assert (see_issuance(elsewhere).points, see_issuance(elsewhere).version) == (0, 0)
    clerk = Actor(person_id=new_id(), community_id=day.place.id, counters=(Counter(Role.CLERK, new_id()),))
    with pytest.raises(Forbidden):
        see_issuance(clerk)
