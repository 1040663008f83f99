"""What is told of a fund before it is empty, what the points that people hold would cost, and who gave the money."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.people.models import Notice
from ledger.people.notices import sentence_of
from ledger.rewards import agreements, donors, fund_levels, funds, outlook, refunds
from ledger.rewards.funds import FundFigures
from ledger.rewards.outlook import Age, Forecast
from tests.ledger.rewards.street import Street
from tests.stories import open_neighbourhood, street_officer


def told(street: Street) -> list[str]:
    """What admin and treasurer were told of funds since the last question: the same words to each of them."""
    rows = list(db.session.scalars(select(Notice).where(Notice.kind.like("fund.%")).order_by(Notice.id)))
    by_person = {
        one.person_id: [sentence_of(row, "en") for row in rows if row.person_id == one.person_id] for one in rows
    }
    assert set(by_person) in (set(), {street.place.admin.person_id, street.place.treasurer.person_id})
    said = list(by_person.values())
    assert said[1:] == said[:1] * (len(said) - 1)
    return said[0] if said else []


def tick(street: Street) -> None:
    """What the clock does every ten minutes."""
    atomic(fund_levels.watch_funds)(street.id, "")


def test_each_level_is_told_once_for_each_crossing(street: Street):
    admin, lin = street.place.admin.actor, street.volunteer(1_000)
    funds.create_fund(admin, "空的基金")
    fund_levels.set_levels(admin, street.fund.id, low_fen=99_700, very_low_fen=99_500)
    tick(street)
    assert told(street) == []
    street.buy(lin)
    street.reserve(lin)  # Reserved is no longer left.
    tick(street)
    tick(street)
    low = "A fund has 996.00 yuan left, less than 997.00. Open it and see what should be granted."
    assert told(street) == [low]
    assert fund_levels.count_low(admin) == (1, 0)
    street.buy(lin)
    tick(street)
    tick(street)
    very_low = "A fund has only 994.00 yuan left, less than 995.00: soon it cannot pay for rewards. See to it today."
    assert told(street) == [low, very_low]
    assert fund_levels.count_low(admin) == (0, 1)
    assert fund_levels.count_low(street.place.supervisor.actor) == (0, 0)
    funds.grant_money(street.place.treasurer.actor, street.fund.id, amount_fen=500, donor="王总")
    tick(street)
    assert fund_levels.count_low(admin) == (0, 0)
    for _ in range(3):
        street.buy(lin)
    tick(street)
    assert told(street) == [low, very_low, very_low.replace("994.00", "993.00")]


def test_whoever_sets_a_level_that_is_crossed_already_is_told_at_once(street: Street):
    fund_levels.set_levels(street.place.treasurer.actor, street.fund.id, low_fen=200_000, very_low_fen=150_000)
    assert len(told(street)) == 1
    tick(street)
    assert len(told(street)) == 1


def test_a_forecast_is_the_average_of_the_last_four_whole_weeks(street: Street):
    lin = street.volunteer(1_000)
    for weeks, loaves in ((5, 4), (4, 2), (2, 1), (0, 6)):  # The oldest and the present week are not looked at.
        clock.move_to(clock.start_of_day(clock.today()) + timedelta(hours=12))
        noon = clock.now()
        clock.move_to(noon - timedelta(weeks=weeks))
        bought = [street.buy(lin) for _ in range(loaves)]
        clock.move_to(noon)
    refunds.refund(street.place.treasurer.actor, bought[0].id, reason="坏了")
    admin = street.place.admin.actor
    left = street.figures().left
    forecast = outlook.forecasts_of(admin, funds_of(street))[street.fund.id]
    assert left == 100_000 - 12 * 200
    assert forecast == Forecast((400, 0, 200, 0), 150, tuple(left - 150 * n for n in (1, 2, 3, 4)), left // 150)


def test_a_fund_of_which_nothing_is_spent_lasts_without_end(street: Street):
    forecast = outlook.forecasts_of(street.place.supervisor.actor, funds_of(street))[street.fund.id]
    assert (forecast.weekly_fen, forecast.lasts_weeks, forecast.left[-1]) == (0, None, 100_000)


def funds_of(street: Street) -> list[tuple[UUID, FundFigures]]:
    return [(fund.id, figures) for fund, figures in funds.list_funds(street.place.admin.actor)]


def test_what_people_hold_is_valued_by_the_age_of_its_award_and_the_oldest_is_spent_first(street: Street):
    noon = clock.now()
    lin, wang = street.volunteer(0), street.volunteer(0, "王强")
    for days, points in ((500, 30), (100, 50), (40, 10), (0, 20)):
        clock.move_to(noon - timedelta(days=days))
        street.award(lin, points)
    clock.move_to(noon)
    street.award(wang, 5)
    street.buy(lin)  # 20 of the 30 oldest.
    street.buy(lin)  # And 20 more: 10 of the oldest, 10 of those of August.
    seen = outlook.liability_of(street.place.supervisor.actor)
    assert (seen.points, seen.fen, seen.rate_fen, seen.rate_points) == (75, 750, 100, 10)
    assert seen.ages == (
        Age(0, 1, 25, 250), Age(1, 3, 10, 100), Age(3, 6, 40, 400), Age(6, 12, 0, 0), Age(12, None, 0, 0)
    )  # fmt: skip


def test_without_an_agreement_in_force_points_have_no_value(street: Street):
    street.volunteer(30)
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    seen = outlook.liability_of(street.place.admin.actor)
    assert (seen.points, seen.fen, seen.ages[0]) == (30, None, Age(0, 1, 30, None))


def test_a_donor_is_named_only_who_wishes_it_and_what_it_became_speaks_of_three(street: Street):
    treasurer = street.place.treasurer.actor
    given = funds.grant_money(treasurer, street.fund.id, amount_fen=5_000, donor="张三超市", is_named=True)
    funds.create_fund(treasurer, "空的基金")
    people = [street.volunteer(name=name) for name in ("林秀芳", "王强", "赵敏")]
    for person in people[:2]:
        street.buy(person)
    [story] = donors.donors_of(street.id).funds
    assert [(one.donor, one.amount_fen) for one in story.gifts] == [("张三超市", 5_000), (None, 100_000)]
    assert (story.became.people, story.became.points, story.figures.spent) == (None, None, 400)
    street.buy(people[2])
    donors.name_donor(treasurer, street.fund.id, given.id, is_named=False)
    [story] = donors.donors_of(street.id).funds
    assert [one.donor for one in story.gifts] == [None, None]
    assert (story.became.people, story.became.redemptions, story.became.points) == (3, 3, 60)
    assert [(one.kind, one.cell.points) for one in story.kinds] == [("goods", 60)]


def test_only_who_manages_funds_sets_levels_and_names_donors(street: Street):
    place = street.place
    grant = funds.grants_of(place.admin.actor, street.fund.id)[0]
    for person in (street.volunteer(), place.stamper, place.supervisor, street.owner, street_officer(place.community)):
        with pytest.raises(Forbidden):
            fund_levels.set_levels(person.actor, street.fund.id, low_fen=2, very_low_fen=1)
        with pytest.raises(Forbidden):
            donors.name_donor(person.actor, street.fund.id, grant.id, is_named=True)
    with pytest.raises(Forbidden):
        outlook.liability_of(street.owner.actor)
    other = funds.create_fund(place.admin.actor, "别的基金")
    with pytest.raises(NotFound):
        donors.name_donor(place.admin.actor, other.id, grant.id, is_named=True)
    with pytest.raises(NotFound):
        donors.donors_of(other.id)
    stranger = open_neighbourhood("北塔社区").admin
    with pytest.raises(NotFound):
        fund_levels.set_levels(stranger.actor, street.fund.id, low_fen=2, very_low_fen=1)
