"""The evening before redemption day: who stamps hears once what waits, and who was given points what is theirs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.core.tenancy import Role, scoped
from ledger.people import redemption_days
from ledger.people.models import Notice
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import WeeklyDay
from ledger.service.undoing import undo_stamp
from tests.ledger.service.day import Day
from tests.stories import Neighbour

SUNDAY = datetime(2026, 11, 22, 18, tzinfo=clock.SHANGHAI)


def keep_mondays(day: Day) -> None:
    weekly = WeeklyDay(
        starts_on=clock.today(), weekday=1, opens=time(9), closes=time(11),
        venue=Venue.STATION, place="红色驿站",
    )  # fmt: skip
    redemption_days.set_weekly_day(day.place.admin.actor, weekly)


def told(day: Day, person: Neighbour, kind: str) -> list[Notice]:
    query = scoped(day.place.id, Notice).where(
        Notice.person_id == person.person_id, Notice.kind == f"service.redemption_eve_{kind}"
    )
    return list(db.session.scalars(query.order_by(Notice.id)))


def test_the_eve_tells_each_once_and_what_is_stamped_later_is_told_of_next_week(day: Day) -> None:
    lin, late, undone = (day.place.volunteer(name) for name in ("林秀芳", "王大爷", "赵叔"))
    keep_mondays(day)
    elsewhere = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    day.stamped(lin)
    undo_stamp(day.place.stamper.actor, day.stamped(undone))
    waiting = day.served(late)
    clock.move_to(SUNDAY - timedelta(minutes=1))
    jobs.tick([day.place.id])
    assert told(day, lin, "spendable") == [], "not before six in the evening"
    clock.move_to(SUNDAY + timedelta(hours=3, minutes=5))
    jobs.tick([day.place.id])
    jobs.tick([day.place.id])
    [notice] = told(day, lin, "spendable")
    assert notice.facts == {"day": "2026-11-23", "opens": "09:00", "closes": "11:00", "points": 10}
    assert notice.due_at == datetime(2026, 11, 23, 8, tzinfo=clock.SHANGHAI), "no phone rings at night"
    assert told(day, undone, "spendable") == told(day, late, "spendable") == []
    assert [one.facts["waiting"] for one in told(day, day.place.stamper, "stamping")] == [2]
    assert told(day, elsewhere, "stamping") == [], "nothing waits in their part"
    day.stamp([waiting.id])
    clock.move_to(SUNDAY + timedelta(days=7))
    jobs.tick([day.place.id])
    assert [one.facts["points"] for one in told(day, late, "spendable")] == [10]
    assert len(told(day, lin, "spendable")) == 1, "nothing new since the last redemption day"


def test_no_day_tomorrow_and_a_tick_that_comes_too_late_tell_nobody(day: Day) -> None:
    lin = day.place.volunteer()
    day.stamped(lin)
    clock.move_to(SUNDAY)
    jobs.tick([day.place.id])
    assert told(day, lin, "spendable") == [], "a community without a redemption day hears nothing"
    keep_mondays(day)
    redemption_days.change_day(day.place.admin.actor, date(2026, 11, 23), moved_to=date(2026, 11, 24), reason="检查")
    clock.move_to(datetime(2026, 11, 24, 9, tzinfo=clock.SHANGHAI))
    jobs.tick([day.place.id])
    assert told(day, lin, "spendable") == [], "it has opened already"
