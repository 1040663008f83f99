"""How soon the community stamps: what was kept of the promise, who stamped how fast, who is reminded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.tenancy import Role, scoped
from ledger.people.models import Notice
from ledger.service.models import Decision
from ledger.service.service_level import Level, see_level
from ledger.service.stamps import stamp_checkins
from ledger.service.undoing import undo_batch
from tests.ledger.service.day import ELEVEN, Day
from tests.stories import Neighbour

WEDNESDAY = datetime(2026, 11, 25, tzinfo=clock.SHANGHAI)
"""What came to the desk on Friday is promised until its end: three working days, the weekend between."""


def reminders(day: Day, person: Neighbour) -> list[int]:
    query = scoped(day.place.id, Notice).where(
        Notice.person_id == person.person_id, Notice.kind == "service.stamping_overdue"
    )
    return [one.facts["waiting"] for one in db.session.scalars(query.order_by(Notice.id))]


def test_a_month_says_what_was_kept_what_is_late_and_what_is_not_due_yet(day: Day) -> None:
    people = [day.place.volunteer(f"志愿者{number}") for number in range(4)]
    visits = [day.served(one).id for one in people]
    day.stamp([visits[0]])
    clock.move_to(ELEVEN + timedelta(hours=3))
    stamp_checkins(day.place.stamper.actor, [visits[1]], decision=Decision.RETURN, note="写错了")
    reader = people[0].actor
    [level] = see_level(reader, months=1).months
    assert (level.in_time, level.late, level.waiting, level.percent) == (2, 0, 2, 100), "a return is a decision too"
    assert level.median_minutes == 90
    clock.move_to(WEDNESDAY + timedelta(days=1))
    day.stamp([visits[2]])
    found = see_level(reader, date(2026, 11, 30), months=2)
    assert found.months[0] == Level(
        month=date(2026, 11, 1), in_time=2, late=2, waiting=0, median_minutes=180, entered_later=0
    )
    assert (found.months[0].percent, found.months[1].percent) == (50, None)
    assert (found.overdue, found.oldest_since) == (1, ELEVEN), "one was stamped too late, one waits too long"


def test_the_promise_ends_with_its_day_and_not_a_second_before(day: Day) -> None:
    visit = day.served(day.place.volunteer())
    clock.move_to(WEDNESDAY + timedelta(days=1, seconds=-1))
    assert see_level(day.place.admin.actor).overdue == 0
    day.stamp([visit.id])
    assert see_level(day.place.admin.actor).months[0].percent == 100


def test_who_oversees_reads_each_stampers_pace_and_a_stamper_their_own(day: Day) -> None:
    admin, stamper = day.place.admin, day.place.stamper
    visits = [day.served(day.place.volunteer(f"志愿者{number}")).id for number in range(6)]
    late = day.served_late(day.place.volunteer("王大爷"))
    day.stamp(visits[:1])
    clock.advance(seconds=20)
    day.stamp(visits[1:5])
    clock.advance(seconds=9)
    batch = stamp_checkins(stamper.actor, [late.id], decision=Decision.STAMP)
    clock.advance(hours=1)
    day.stamp(visits[5:], by=admin)
    assert batch.batch_id is not None
    undo_batch(stamper.actor, batch.batch_id)
    first, second = see_level(admin.actor).stampers
    assert (first.rows, first.manual_percent, first.undone) == (6, 17, 1)
    assert first.seconds_per_row == 5, "20 seconds for four rows, 9 for one; the first press is measured by nothing"
    assert (second.name, second.rows, second.seconds_per_row) == (admin.name, 1, None)
    assert see_level(day.place.supervisor.actor).stampers == [first, second]
    assert see_level(stamper.actor).stampers == [first]
    assert see_level(day.place.volunteer("王强").actor).stampers == []


def test_each_working_day_stampers_are_told_once_what_is_late_in_their_part(day: Day) -> None:
    elsewhere = day.place.staff(Role.STAMPER, unit=day.place.grid_beside())
    stamper, admin = day.place.stamper, day.place.admin
    visit = day.served(day.place.volunteer())
    clock.move_to(WEDNESDAY + timedelta(hours=20))
    jobs.tick([day.place.id])
    assert reminders(day, stamper) == [], "the promised day is not over"
    for moment in (timedelta(days=1, hours=9), timedelta(days=1, hours=10), timedelta(days=3), timedelta(days=5)):
        clock.move_to(WEDNESDAY + moment)
        jobs.tick([day.place.id])
    assert reminders(day, stamper) == reminders(day, admin) == [1, 1], "Thursday and Monday, and not on Saturday"
    assert reminders(day, elsewhere) == []
    day.stamp([visit.id])
    clock.move_to(WEDNESDAY + timedelta(days=6))
    jobs.tick([day.place.id])
    assert reminders(day, stamper) == [1, 1]
