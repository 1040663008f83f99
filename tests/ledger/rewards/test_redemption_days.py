"""Agreements that hold on the redemption day alone, and a week's figures that tell of nobody."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from ledger.core import clock
from ledger.people import redemption_days
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import WeeklyDay
from ledger.rewards import offers, week_figures
from ledger.rewards.errors import WrongHour, WrongWeekday
from ledger.rewards.models import OfferKind
from ledger.rewards.refunds import refund
from ledger.rewards.week_figures import Cell
from tests.ledger.rewards.street import Street

MONDAY = datetime(2026, 11, 23, 9, tzinfo=clock.SHANGHAI)


def keep_mondays(street: Street) -> None:
    weekly = WeeklyDay(
        starts_on=clock.today(), weekday=1, opens=time(9), closes=time(11), venue=Venue.SHOPS, place="各家店里"
    )
    redemption_days.set_weekly_day(street.place.admin.actor, weekly)


def test_without_other_days_only_the_day_and_its_hours_are_open(street: Street) -> None:
    lin = street.volunteer()
    street.agree(other_days=False)
    street.buy(lin)  # The community has no redemption day: nothing is different.
    keep_mondays(street)
    with pytest.raises(WrongWeekday):
        street.reserve(lin)
    clock.move_to(MONDAY.replace(hour=8, minute=59))
    with pytest.raises(WrongHour) as early:
        street.reserve(lin)
    assert (early.value.facts["from_time"], early.value.facts["until_time"]) == ("09:00", "11:00")
    clock.move_to(MONDAY)
    street.buy(lin)
    clock.move_to(MONDAY.replace(hour=11))
    [view] = offers.list_offers(lin.actor)
    assert [reason.code for reason in view.reasons] == ["wrong_hour"]
    street.agree(other_days=True)
    street.buy(lin)


def test_a_moved_day_opens_where_it_moved_to(street: Street) -> None:
    lin = street.volunteer()
    street.agree(other_days=False)
    keep_mondays(street)
    tuesday = MONDAY.replace(day=24)
    redemption_days.change_day(street.place.admin.actor, MONDAY.date(), moved_to=tuesday.date(), reason="检查")
    clock.move_to(MONDAY)
    with pytest.raises(WrongWeekday):
        street.reserve(lin)
    clock.move_to(tuesday)
    street.buy(lin)


def test_a_weeks_figures_hide_what_would_tell_of_fewer_than_three(street: Street) -> None:
    people = [street.volunteer(name=name) for name in ("甲", "乙", "丙", "丁", "戊")]
    haircut = street.offer(name="理发", kind=OfferKind.SERVICE)
    card = street.offer(name="折扣", kind=OfferKind.DISCOUNT_CARD)
    week = clock.week_of(clock.now())
    for person in people[:2]:
        street.buy(person)
    assert week_figures.figures_of_week(street.id, week).total == Cell(), "two people are nobody's business"
    for person in people[2:]:
        street.buy(person)
    refund(street.owner.actor, street.buy(people[0]).id, reason="坏了")
    found = week_figures.figures_of_week(street.id, week)
    assert found.total == Cell(5, 5, 100)
    assert [(one.kind, one.cell) for one in found.kinds] == [("goods", Cell(5, 5, 100))]
    for person in people[:4]:
        street.buy(person, haircut)
    street.buy(people[0], card)
    found = week_figures.figures_of_week(street.id, week)
    assert found.total == Cell(5, 10, 200)
    cells = {one.kind: one.cell for one in found.kinds}
    assert cells == {"goods": Cell(5, 5, 100), "service": Cell(), "discount_card": Cell()}, (
        "the total less what is shown would tell of one: the next smallest is hidden with it"
    )
    assert week_figures.see_weeks(street.clerk.actor, [week]) == [found]
