"""The clock jumps forty days ahead, people write, it comes back: nothing is lost, doubled or put before its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from ledger.book import checking, dating, expiry
from ledger.book.accounts import wallet_of
from ledger.book.checking import run_checks
from ledger.book.checkpoints import newest_checkpoint
from ledger.book.models import Checkpoint, Leaf, Transfer
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.jobs import JobRun, tick
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import scoped
from ledger.people import redemption_days, sign_in
from ledger.people.errors import CodeWrong
from ledger.people.models import SignInCode
from ledger.people.redemption_day_models import Venue
from ledger.people.redemption_days import WeeklyDay
from ledger.rewards.models import Redemption, RedemptionState
from ledger.settlement.models import LineType, Settlement, SettlementLine
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import open_town
from tests.ledger.rewards.street import NOON, Street, open_street
from tests.stories import next_phone, open_neighbourhood
from tests.web.messages import code_for

JUMP = timedelta(days=40)


@pytest.fixture
def noon(context: Flask) -> Iterator[datetime]:
    with clock.set_to(NOON):
        yield NOON


@pytest.fixture
def street(noon: datetime) -> Street:
    return open_street()


def jump(days: float) -> None:
    clock.advance(days=days)


# --- the books --------------------------------------------------------------------------------------------------


def test_balances_holds_and_seals_are_those_of_the_order_in_which_was_written(noon: datetime) -> None:
    town = open_town(members=1)
    member = town.member_ids[0]
    written = town.post(town.award_of(member, 30))
    seal_all(town.id)
    jump(40)
    written += town.post(town.award_of(member, 10)) + town.post(town.spending_of(member, 5))
    late = town.hold(wallet_of(member), 7)
    seal_all(town.id)
    made_ahead = newest_checkpoint(town.id).digest
    jump(-40)
    clock.advance(minutes=10)
    written += town.post(town.award_of(member, 3)) + town.post(town.spending_of(member, 20))
    town.hold(wallet_of(member), 5)
    assert (town.of(member).posted, town.of(member).held, town.of(member).available) == (18, 12, 6)
    assert seal_all(town.id) == 2
    assert leaves(town.id) == written, "what was sealed keeps its place, what came later follows"
    assert newest_checkpoint(town.id).digest == made_ahead, "a day has one checkpoint, whoever made it when"
    assert run_checks() == run_checks(new=True) == []
    clock.advance(minutes=20)
    assert (town.sweep(), town.of(member).held) == (1, 7), "the hold that was placed ahead ends in its own time"
    town.void(late)
    jump(41)
    seal_all(town.id)
    days = list(db.session.scalars(scoped(town.id, Checkpoint.day).order_by(Checkpoint.day)))
    assert days == [date(2026, 11, 20) + timedelta(days=n) for n in range(41)]
    assert (town.of(member).available, run_checks()) == (18, [])


def leaves(community_id: object) -> list[object]:
    return list(db.session.scalars(scoped(community_id, Leaf.transfer_id).order_by(Leaf.position)))


def test_spending_is_decided_by_the_wallet_not_by_the_dates(noon: datetime) -> None:
    """What was earned on a day that lies ahead again is there, and what is shown of today leaves it out."""
    town = open_town(members=1)
    member = town.member_ids[0]
    jump(40)
    town.award(member, 10)
    jump(-40)
    town.spend(member, 10)
    assert town.of(member).posted == 0
    times = db.session.execute(scoped(town.id, Transfer.effective_at, Transfer.recorded_at)).tuples()
    assert all(effective <= recorded for effective, recorded in times)
    assert run_checks() == []


def test_what_is_new_to_the_checks_is_not_judged_by_a_mark_that_lies_ahead(noon: datetime) -> None:
    town = open_town(members=1)
    town.award(town.member_ids[0], 5)
    seal_all(town.id)
    jump(40)
    checking.check_books()
    assert checking._marked_at() is not None
    jump(-40)
    assert checking._marked_at() is None, "everything is looked at, once"
    clock.advance(minutes=20)
    checking.check_books(new=True)
    assert checking._marked_at() == clock.now() - checking.MARGIN


# --- the house --------------------------------------------------------------------------------------------------


def test_a_shop_s_weeks_are_closed_once_and_every_redemption_stands_on_one_line(street: Street) -> None:
    buyer = street.volunteer(200)
    bought = [street.buy(buyer)]
    tick([street.id])
    jump(40)
    bought.append(street.buy(buyer))
    tick([street.id])
    jump(-40)
    clock.advance(minutes=5)
    bought.append(street.buy(buyer))
    kept = street.reserve(buyer)
    for days in (0, 0, 3, 7, 30, 7):
        jump(days)
        tick([street.id])
    assert db.session.get_one(Redemption, (street.id, kept.id)).state == RedemptionState.EXPIRED
    assert [one.state for one in bought] == [RedemptionState.CONFIRMED] * 3
    live = scoped(street.id, SettlementLine.redemption_id).where(SettlementLine.live)
    lines = Counter(db.session.scalars(live.where(SettlementLine.type == LineType.REDEMPTION)))
    assert lines == Counter(one.id for one in bought)
    weeks = list(db.session.scalars(scoped(street.id, Settlement.week)))
    assert len(weeks) == len(set(weeks))
    assert db.session.scalars(scoped(street.id, JobRun.job).where(JobRun.state == "failed")).all() == []
    clock.advance(minutes=1)
    tick([street.id])
    numbered = scoped(street.id, OutboxEvent.position).where(OutboxEvent.position.is_not(None))
    numbers = list(db.session.scalars(numbered.order_by(OutboxEvent.position)))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 10
    seal_all(street.id)
    assert run_checks() == []


def test_the_last_decision_counts_whatever_the_clock_said_when_it_was_made(noon: datetime) -> None:
    place = open_neighbourhood()
    admin = place.admin.actor
    day = NOON.date() + timedelta(days=60)

    def decide(months: int, weekday: int, opens: int) -> None:
        expiry.set_policy(admin, months)
        weekly = WeeklyDay(
            starts_on=day, weekday=weekday, opens=time(opens), closes=time(18), venue=Venue.SHOPS, place=""
        )
        redemption_days.set_weekly_day(admin, weekly)

    jump(40)
    decide(6, 5, 9)
    jump(-40)
    decide(24, 6, 10)
    decide(12, 7, 11)
    assert atomic(dating.months_of)(place.id) == 12
    version = atomic(redemption_days.calendar_of)(place.id).version_on(day)
    assert version is not None
    assert (version.weekday, version.opens) == (7, time(11))


def test_people_sign_in_although_codes_were_sent_to_them_on_a_day_that_lies_ahead_again(noon: datetime) -> None:
    phone = next_phone()
    jump(40)
    for _ in range(6):
        sign_in.send_code(phone, "203.0.113.7")
    early = code_for(phone)
    jump(-40)
    sign_in.send_code(phone, "203.0.113.7")
    newest = db.session.scalars(select(SignInCode).order_by(SignInCode.created_at).limit(1)).one()
    assert newest.created_at == NOON
    code = code_for(phone)
    if early != code:  # One in a million.
        with pytest.raises(CodeWrong):
            sign_in.sign_in(phone, early)
    assert sign_in.sign_in(phone, code)[0]


# --- a machine with another clock than the database's -----------------------------------------------------------


@pytest.mark.parametrize("days", [40, -40])
def test_a_machine_with_another_clock_than_the_databases_does_not_do_the_clocks_work(
    context: Flask, engine_name: str, days: int
) -> None:
    """On SQLite there is one clock only, and nothing to tell a jump from a month of standstill."""
    if engine_name == "sqlite":
        pytest.skip("SQLite has no clock of its own")
    place = open_neighbourhood()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=days)):
        result = context.test_cli_runner().invoke(args=["tick"])
    assert (result.exit_code, db.session.scalars(scoped(place.id, JobRun.job)).all()) == (1, [])
    way = "ahead of" if days > 0 else "behind"
    assert f"seconds {way} the database's. Nothing was done" in result.output
    assert context.test_cli_runner().invoke(args=["tick"]).exit_code == 0


def test_what_a_machine_with_a_fast_clock_writes_has_the_databases_time(context: Flask, engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has no clock of its own")
    town = open_town(members=1)
    with time_machine.travel(datetime.now(UTC) + JUMP):
        town.award(town.member_ids[0], 5)
    [row] = db.session.scalars(scoped(town.id, Transfer))
    assert row.effective_at == row.recorded_at <= datetime.now(UTC) + timedelta(minutes=1)
    assert run_checks() == []
