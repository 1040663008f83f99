"""`tick` with the whole house's jobs: by several at once, and after a month in which nobody ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask

from ledger.book.checking import run_checks
from ledger.book.expiry import set_policy
from ledger.book.models import Checkpoint
from ledger.core import clock
from ledger.core.db import db
from ledger.core.jobs import JobRun, JobState, tick
from ledger.core.outbox import OutboxEvent
from ledger.core.registry import jobs
from ledger.core.tenancy import scoped
from ledger.people.models import Notice
from ledger.rewards.models import Redemption, RedemptionState
from ledger.settlement.models import LineType, Settlement, SettlementLine
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import at_once
from tests.ledger.rewards.street import NOON, Street, open_street

AT_ONCE = 4


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    with clock.set_to(NOON):
        yield open_street()


def statements(street: Street) -> list[tuple[str, int]]:
    """Each statement's week, and how many redemptions stand on it."""
    weeks = {row.id: row.week for row in db.session.scalars(scoped(street.id, Settlement).order_by(Settlement.week))}
    lines = scoped(street.id, SettlementLine.settlement_id).where(SettlementLine.type == LineType.REDEMPTION)
    counted = Counter(db.session.scalars(lines))
    return [(week, counted[settlement_id]) for settlement_id, week in weeks.items()]


def test_four_ticks_at_once_do_each_job_of_the_house_once(context: Flask, street: Street) -> None:
    buyer = street.volunteer(100)
    for _ in range(3):
        street.buy(buyer)
    left_open = street.reserve(buyer)
    clock.advance(days=7)
    told_before = len(db.session.scalars(scoped(street.id, Notice)).all())
    done = at_once(context, [lambda: tick([street.id])] * AT_ONCE)
    db.session.remove()
    assert sum(done) == len(jobs)
    rows = db.session.execute(scoped(street.id, JobRun.job, JobRun.state)).tuples().all()
    assert sorted(rows) == sorted((name, JobState.DONE) for name in jobs)
    assert statements(street) == [("2026-W47", 3)]
    assert db.session.get_one(Redemption, (street.id, left_open.id)).state == RedemptionState.EXPIRED
    told = db.session.execute(scoped(street.id, Notice.person_id, Notice.kind, Notice.facts)).tuples().all()
    assert len(told) > told_before
    assert max(Counter((person, kind, repr(facts)) for person, kind, facts in told[told_before:]).values()) == 1
    seal_all(street.id)
    assert (tick([street.id]), run_checks()) == (0, [])


def test_a_tick_after_a_month_of_standstill_catches_up_in_order(street: Street) -> None:
    """One statement for all that no statement has; every day has its checkpoint; what happened is told in order."""
    set_policy(street.place.admin.actor, 1)
    buyer, idle = street.volunteer(200), street.volunteer(40, "马玉兰")
    bought = []
    for _ in range(5):
        bought.append(street.buy(buyer).id)
        held = street.reserve(buyer)
        clock.advance(days=7)
    clock.advance(days=7)
    assert statements(street) == []
    assert tick([street.id]) == len(jobs)
    assert statements(street) == [("2026-W52", 5)]
    lines = scoped(street.id, SettlementLine.redemption_id).where(SettlementLine.type == LineType.REDEMPTION)
    assert list(db.session.scalars(lines.order_by(SettlementLine.position))) == bought
    assert db.session.get_one(Redemption, (street.id, held.id)).state == RedemptionState.EXPIRED
    assert street.available(idle) == 0, "earned in November for a month: over with December"
    clock.advance(minutes=1)
    tick([street.id])
    seal_all(street.id)
    days = list(db.session.scalars(scoped(street.id, Checkpoint.day).order_by(Checkpoint.made_at, Checkpoint.day)))
    first = date(2026, 11, 20)
    assert days == [first + timedelta(days=number) for number in range((clock.today() - first).days)]
    numbered = scoped(street.id, OutboxEvent.at).where(OutboxEvent.position.is_not(None))
    moments = list(db.session.scalars(numbered.order_by(OutboxEvent.position)))
    assert moments == sorted(moments)
    assert len(moments) > 10
    clock.advance(seconds=10)
    assert (tick([street.id]), run_checks()) == (0, [])
