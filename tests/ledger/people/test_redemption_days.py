"""The redemption calendar: versions by date, days that move or are called off, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.people import redemption_days
from ledger.people.errors import NoRedemptionDay, RedemptionDayOver
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import WeeklyDay
from tests.ledger.service.day import NINE
from tests.stories import Neighbourhood, open_neighbourhood, street_officer

FRIDAY = date(2026, 11, 20)
MONDAY, TUESDAY, NEXT_MONDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 30)


@pytest.fixture
def place(context: object) -> Iterator[Neighbourhood]:
    """Friday morning."""
    with clock.set_to(NINE):
        yield open_neighbourhood()


def weekly(**changed: object) -> WeeklyDay:
    asked = {
        "starts_on": FRIDAY, "weekday": 1, "opens": time(9), "closes": time(11, 30),
        "venue": Venue.STATION, "place": "红色驿站",
    }  # fmt: skip
    return WeeklyDay(**(asked | changed))


def held(place: Neighbourhood, days: int = 21) -> list[date]:
    calendar = redemption_days.calendar_of(place.id)
    return [one.day for one in calendar.days(FRIDAY, FRIDAY + timedelta(days=days))]


def test_a_community_without_a_day_has_none(place: Neighbourhood) -> None:
    calendar = redemption_days.calendar_of(place.id)
    assert (held(place), calendar.is_kept_on(MONDAY)) == ([], False)
    assert redemption_days.next_day(calendar, at=clock.now()) is None


def test_the_version_that_starts_last_counts_and_the_newer_of_two_with_one_start(place: Neighbourhood) -> None:
    admin = place.admin.actor
    redemption_days.set_weekly_day(admin, weekly())
    assert held(place) == [MONDAY, NEXT_MONDAY, date(2026, 12, 7)]
    redemption_days.set_weekly_day(admin, weekly(starts_on=date(2026, 12, 1), weekday=3))
    redemption_days.set_weekly_day(admin, weekly(starts_on=date(2026, 12, 1), weekday=2, place="东门"))
    assert held(place) == [MONDAY, NEXT_MONDAY, date(2026, 12, 1), date(2026, 12, 8)]
    assert redemption_days.calendar_of(place.id).on(date(2026, 12, 8)).place == "东门"
    redemption_days.set_weekly_day(admin, weekly(starts_on=date(2026, 12, 2), weekday=None))
    assert held(place)[-1] == date(2026, 12, 1), "from then on there is none"
    with pytest.raises(RedemptionDayOver):
        redemption_days.set_weekly_day(admin, weekly(starts_on=FRIDAY - timedelta(days=1)))


def test_a_day_moves_is_called_off_and_comes_back_and_the_newest_word_counts(place: Neighbourhood) -> None:
    admin = place.admin.actor
    redemption_days.set_weekly_day(admin, weekly())
    redemption_days.change_day(admin, MONDAY, moved_to=TUESDAY, reason="消防检查")
    redemption_days.change_day(admin, NEXT_MONDAY, moved_to=None, reason="放假")
    calendar = redemption_days.calendar_of(place.id)
    moved = calendar.on(TUESDAY)
    assert (moved.instead_of, moved.reason, moved.opens) == (MONDAY, "消防检查", time(9))
    assert (calendar.on(MONDAY), calendar.on(NEXT_MONDAY), calendar.is_kept_on(MONDAY)) == (None, None, True)
    redemption_days.change_day(admin, NEXT_MONDAY, moved_to=NEXT_MONDAY, reason="照常")
    assert held(place, 10) == [TUESDAY, NEXT_MONDAY]
    for day, moved_to in ((TUESDAY, MONDAY), (MONDAY, NEXT_MONDAY)):
        with pytest.raises(NoRedemptionDay):
            redemption_days.change_day(admin, day, moved_to=moved_to, reason="不行")
    with pytest.raises(RedemptionDayOver):
        redemption_days.change_day(admin, MONDAY - timedelta(days=7), moved_to=None, reason="过了")


def test_the_next_day_is_todays_until_it_closes(place: Neighbourhood) -> None:
    redemption_days.set_weekly_day(place.admin.actor, weekly())
    calendar = redemption_days.calendar_of(place.id)
    closes = calendar.on(MONDAY).closes_at
    assert redemption_days.next_day(calendar, at=closes - timedelta(seconds=1)).day == MONDAY
    assert redemption_days.next_day(calendar, at=closes).day == NEXT_MONDAY
    assert redemption_days.last_day(calendar, before=NEXT_MONDAY).day == MONDAY
    assert redemption_days.last_day(calendar, before=MONDAY) is None


def test_admins_decide_and_everybody_inside_reads(place: Neighbourhood) -> None:
    for person in (place.volunteer(), place.treasurer, place.stamper, street_officer(place.community)):
        with pytest.raises(Forbidden):
            redemption_days.set_weekly_day(person.actor, weekly())
        assert redemption_days.see_calendar(person.actor).ahead == []
