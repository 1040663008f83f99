"""Two at once: one wins, the other is told why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Reason
from ledger.core.tenancy import load
from ledger.service.activities import cancel_activity
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.forgotten import close_forgotten
from ledger.service.models import Activity, ActivityState, Checkin, CheckinState, Decision
from ledger.service.stamps import stamp_checkins
from ledger.service.undoing import undo_stamp
from tests.ledger.service.day import ELEVEN, NINE, Day


def at_once(app: Flask, works: Sequence[Callable[[], object]]) -> list[str]:
    """Do all of it at the same moment, each with its own context; "done" or the reason code of each."""
    db.session.remove()
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        with app.app_context():
            barrier.wait()
            try:
                work()
            except Reason as reason:
                return reason.code
            return "done"

    with ThreadPoolExecutor(len(works)) as threads:
        return sorted(threads.map(run, works))


def one_inside_the_other(app: Flask, first: Callable[[], object], second: Callable[[], object]) -> list[str]:
    """`second` begins when `first` has done all but commit; what each answers, in this order."""
    has_done, outcome = threading.Event(), {}

    @atomic
    def hold() -> None:
        first()
        has_done.set()
        time.sleep(0.2)

    def follow() -> None:
        has_done.wait(10)
        second()

    def run(name: str, work: Callable[[], object]) -> None:
        with app.app_context():
            try:
                work()
                outcome[name] = "done"
            except Reason as reason:
                outcome[name] = reason.code

    db.session.remove()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, ("first", "second"), (hold, follow)))
    return [outcome["first"], outcome["second"]]


def test_a_check_out_that_meets_a_stamp_changes_nothing_of_it(app: Flask, day: Day):
    person = day.place.volunteer()
    visit = day.arrive(person, NINE)
    clock.move_to(ELEVEN + timedelta(minutes=31))
    close_forgotten(day.place.system)
    actor, stamper, via = person.actor, day.place.stamper.actor, Via(poster_code=day.activity.poster_code)
    outcome = one_inside_the_other(
        app,
        lambda: stamp_checkins(stamper, [visit.id], decision=Decision.STAMP),
        lambda: record_checkin(actor, day.activity.id, kind=Kind.OUT, via=via, happened_at=NINE + timedelta(hours=1)),
    )
    assert outcome == ["done", "no_open_visit"]
    stamped = load(day.place.id, Checkin, visit.id)
    assert (stamped.state, stamped.minutes) == (CheckinState.STAMPED, 120)


def test_a_visit_that_is_voided_with_its_activity_does_not_come_back(app: Flask, day: Day):
    person, admin = day.place.volunteer(), day.place.admin.actor
    visit, other = day.arrive(person, NINE), day.another_activity()
    actor, via = person.actor, Via(poster_code=other.poster_code)
    outcome = one_inside_the_other(
        app,
        lambda: cancel_activity(admin, day.activity.id, reason="下雨"),
        lambda: record_checkin(actor, other.id, kind=Kind.IN, via=via),
    )
    assert outcome == ["done", "done"]
    assert load(day.place.id, Checkin, visit.id).state == CheckinState.VOID


def test_an_activity_whose_visit_ends_elsewhere_just_now_is_not_cancelled(app: Flask, day: Day):
    person, admin = day.place.volunteer(), day.place.admin.actor
    visit, other = day.arrive(person, NINE), day.another_activity()
    actor, via = person.actor, Via(poster_code=other.poster_code)
    outcome = one_inside_the_other(
        app,
        lambda: record_checkin(actor, other.id, kind=Kind.IN, via=via),
        lambda: cancel_activity(admin, day.activity.id, reason="下雨"),
    )
    assert outcome == ["done", "activity_has_visits"]
    assert load(day.place.id, Checkin, visit.id).state == CheckinState.PENDING
    assert load(day.place.id, Activity, day.activity.id).state == ActivityState.PLANNED


def test_of_eight_check_ins_of_one_person_one_wins(app: Flask, day: Day):
    actor, activity_id = day.place.volunteer().actor, day.activity.id
    via = Via(poster_code=day.activity.poster_code)
    clock.move_to(NINE)
    outcome = at_once(app, [lambda: record_checkin(actor, activity_id, kind=Kind.IN, via=via)] * 8)
    assert outcome == ["done"] + ["duplicate_checkin"] * 7
    assert db.session.scalar(select(func.count()).select_from(Checkin)) == 1


def test_of_eight_check_outs_one_wins(app: Flask, day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    actor, activity_id, via = person.actor, day.activity.id, Via(poster_code=day.activity.poster_code)
    outcome = at_once(app, [lambda: record_checkin(actor, activity_id, kind=Kind.OUT, via=via)] * 8)
    assert outcome == ["done"] + ["no_open_visit"] * 7


def test_nobody_is_open_at_two_places(app: Flask, day: Day):
    actor = day.place.volunteer().actor
    sites = [day.activity, *(day.another_activity() for _ in range(3))]
    asked = [(site.id, Via(poster_code=site.poster_code)) for site in sites]
    clock.move_to(NINE)
    works = [lambda site=site, via=via: record_checkin(actor, site, kind=Kind.IN, via=via) for site, via in asked]
    assert at_once(app, works) == ["done"] * 4
    states = db.session.scalars(select(Checkin.state)).all()
    assert sorted(states) == [CheckinState.OPEN, *[CheckinState.PENDING] * 3]


def test_eight_stampers_award_once(app: Flask, day: Day):
    person = day.place.volunteer()
    visit_id, stamper = day.served(person).id, day.place.stamper.actor
    codes: list[str | None] = []

    def stamp() -> None:
        codes.extend(result.code for result in stamp_checkins(stamper, [visit_id], decision=Decision.STAMP).results)

    at_once(app, [stamp] * 8)
    assert (codes.count(None), codes.count("wrong_state")) == (1, 7)
    assert member_balance(day.place.id, person.member_id).posted == 10


def test_stampers_with_the_same_visits_in_another_order_do_not_block_each_other(app: Flask, day: Day):
    ids = [day.served(day.place.volunteer(f"志愿者{number}")).id for number in range(6)]
    stampers = [day.place.stamper.actor, day.place.admin.actor]
    works = [
        lambda actor=actor, order=order: stamp_checkins(actor, order, decision=Decision.STAMP)
        for actor, order in zip(stampers * 2, [ids, ids[::-1], ids[::-1], ids], strict=True)
    ]
    assert at_once(app, works) == ["done"] * 4


def test_a_stamp_is_undone_by_one(app: Flask, day: Day):
    person = day.place.volunteer()
    stamp_id, stamper = day.stamped(person), day.place.stamper.actor
    outcome = at_once(app, [lambda: undo_stamp(stamper, stamp_id)] * 6)
    assert outcome == ["done"] + ["wrong_state"] * 5
    assert member_balance(day.place.id, person.member_id).posted == 0


@pytest.mark.parametrize("round_number", range(3))
def test_no_visit_is_open_at_a_cancelled_activity(app: Flask, day: Day, round_number):
    admin, activity_id, via = day.place.admin.actor, day.activity.id, Via(poster_code=day.activity.poster_code)
    people = [day.place.volunteer(f"志愿者{number}").actor for number in range(5)]
    clock.move_to(NINE)
    works: list[Callable[[], object]] = [
        lambda actor=actor: record_checkin(actor, activity_id, kind=Kind.IN, via=via)  # type: ignore[misc]
        for actor in people
    ]
    at_once(app, [*works, lambda: cancel_activity(admin, activity_id, reason="下雨")])
    assert load(day.place.id, Activity, activity_id).state == ActivityState.CANCELLED
    assert CheckinState.OPEN not in db.session.scalars(select(Checkin.state)).all()
