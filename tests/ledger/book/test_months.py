"""Closed months: nothing can take effect in them any more, and only a month that is over can be closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from ledger.book.accounts import wallet_of
from ledger.book.errors import MonthClosed, MonthNotOver
from ledger.book.models import ClosedMonth
from ledger.book.months import close_month
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.tenancy import scoped
from tests.ledger.book.town import Town, open_town

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
OCTOBER_ENDS = datetime(2026, 10, 31, 16, tzinfo=UTC)
"""Midnight in Shanghai."""


@pytest.fixture(autouse=True)
def ten_days_later(town: Town) -> Iterator[None]:
    with clock.set_to(OCTOBER_ENDS + timedelta(days=10)):
        yield


def close(town: Town, month: date) -> datetime:
    return atomic(close_month)(town.actor, month)


def award(town: Town, moment: datetime) -> None:
    town.post(town.award_of(town.member_ids[0], 5, effective_at=moment))


def closed(town: Town) -> list[tuple[date, datetime | None, object]]:
    query = scoped(town.id, ClosedMonth.month, ClosedMonth.closed_at, ClosedMonth.closed_by).order_by(ClosedMonth.month)
    return [tuple(row) for row in db.session.execute(query)]


def test_nothing_takes_effect_in_a_closed_month(town: Town) -> None:
    close(town, OCTOBER)
    with pytest.raises(MonthClosed) as refusal:
        award(town, OCTOBER_ENDS - timedelta(seconds=1))
    assert refusal.value.facts == {"month": "2026-10"}
    assert town.balance(wallet_of(town.member_ids[0])) == 0


def test_the_months_beside_it_stay_open(town: Town) -> None:
    close(town, OCTOBER)
    award(town, OCTOBER_ENDS)
    award(town, datetime(2026, 9, 30, 15, 59, tzinfo=UTC))
    town.award(town.member_ids[0], 5)
    assert town.balance(wallet_of(town.member_ids[0])) == 15


def test_the_earliest_of_several_closed_months_is_named(town: Town) -> None:
    close(town, OCTOBER)
    close(town, date(2026, 8, 1))
    drafts = [
        town.award_of(town.member_ids[0], 1, effective_at=datetime(2026, month, 10, tzinfo=UTC)) for month in (10, 9, 8)
    ]
    with pytest.raises(MonthClosed) as refusal:
        town.post(*drafts)
    assert refusal.value.facts == {"month": "2026-08"}


def test_any_day_names_the_month(town: Town) -> None:
    close(town, date(2026, 10, 17))
    assert closed(town) == [(OCTOBER, clock.now(), town.actor.person_id)]


def test_a_month_is_closed_once(town: Town) -> None:
    close(town, OCTOBER)
    with pytest.raises(WrongState) as refusal:
        close(town, OCTOBER)
    assert refusal.value.facts == {"state": "closed"}


def test_a_month_can_be_closed_from_its_last_moment_on_and_not_before(town: Town) -> None:
    with clock.set_to(OCTOBER_ENDS - timedelta(microseconds=1)), pytest.raises(MonthNotOver):
        close(town, OCTOBER)
    with clock.set_to(OCTOBER_ENDS):
        assert close(town, OCTOBER) == OCTOBER_ENDS
    with pytest.raises(MonthNotOver):
        close(town, NOVEMBER)


def test_what_is_known_of_a_closed_month_is_known_up_to_now(town: Town) -> None:
    assert close(town, OCTOBER) == clock.now()


def test_a_month_into_which_something_was_booked_late_can_be_closed(town: Town) -> None:
    """Its row is there already."""
    award(town, OCTOBER_ENDS - timedelta(days=1))
    assert [(month, at) for month, at, _ in closed(town)] == [(OCTOBER, None)]
    close(town, OCTOBER)
    with pytest.raises(MonthClosed):
        award(town, OCTOBER_ENDS - timedelta(days=1))


def test_what_takes_effect_this_month_writes_no_row_of_it(town: Town) -> None:
    """Every backdated transfer of the month would otherwise wait for the others."""
    award(town, clock.now() - timedelta(hours=1))
    assert closed(town) == []


def test_a_month_is_closed_for_one_community(context: Flask, town: Town) -> None:
    other = open_town(members=1)
    award(other, OCTOBER_ENDS - timedelta(days=1))
    close(town, OCTOBER)
    award(other, OCTOBER_ENDS - timedelta(days=1))
    assert [(month, at) for month, at, _ in closed(other)] == [(OCTOBER, None)]
    assert other.balance(wallet_of(other.member_ids[0])) == 10
