"""The feed: one order that only grows at its end, whoever commits first; what is forgotten is said."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core import clock, feed, outbox
from ledger.core.db import atomic, db, is_postgresql
from ledger.core.errors import Forbidden
from ledger.core.feed import FeedForgotten
from ledger.people.retention import forget_what_is_over
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: Flask) -> Neighbourhood:
    return open_neighbourhood()


@atomic
def announce(place: Neighbourhood, *numbers: int, kind: str = "points.expired") -> None:
    for number in numbers:
        outbox.announce(place.system, kind, number=number)


def settle(place: Neighbourhood) -> None:
    """All events have their place: transactions of other tests on the same server may keep some waiting for a while."""
    end = time.monotonic() + 240  # As for seals: the demo is told in one transaction.
    feed.number_events(place.id)
    while feed.waiting(place.id):
        assert time.monotonic() < end, "somebody keeps a transaction open"
        db.session.remove()
        time.sleep(0.05)
        feed.number_events(place.id)


def follow(place: Neighbourhood, after: int, *, settled: bool = True, **asked: Any) -> list[Any]:
    """Everything from there on, page by page, with the positions that it has."""
    if settled:
        settle(place)
    found = []
    while True:
        page = feed.list_events(place.admin.actor, after=after, limit=2, **asked)
        found += [(one.position, one.payload.get("number")) for one in page.events]
        after = page.next_after
        if not page.more:
            return [*found, after]


def test_events_have_positions_without_gaps_and_a_reader_goes_on_where_it_was(place: Neighbourhood) -> None:
    begun = follow(place, 0)
    after = begun[-1]
    assert [position for position, _ in begun[:-1]] == list(range(1, after + 1))
    announce(place, 7, 8, 9)
    announce(place, 10, kind="fund.created")
    assert follow(place, after) == [(after + 1, 7), (after + 2, 8), (after + 3, 9), (after + 4, 10), after + 4]
    assert follow(place, after, things=["fund"]) == [(after + 4, 10), after + 4]
    assert follow(place, after, things=["honour"]) == [after + 4]
    assert follow(place, after + 4) == [after + 4]
    for person in (place.stamper, place.volunteer()):
        with pytest.raises(Forbidden):
            feed.list_events(person.actor)


def test_what_was_written_first_and_committed_last_is_never_passed(context: Flask, place: Neighbourhood) -> None:
    """Two readers go on meanwhile; both see each event once and in the same order."""
    after = follow(place, 0)[-1]
    wrote, may_commit = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with context.app_context():

            @atomic
            def write() -> None:
                outbox.announce(place.system, "points.expired", number=1)
                if is_postgresql():  # The event waits for the end; the number is there before it.
                    db.session.execute(select(func.pg_current_xact_id()))
                wrote.set()
                assert may_commit.wait(20)

            write()

    slow = threading.Thread(target=write_slowly)
    slow.start()
    assert wrote.wait(20)
    if is_postgresql():  # On SQLite nobody writes meanwhile.
        announce(place, 2)
        assert follow(place, after, settled=False) == [after], "number 2 waits for the transaction that began before it"
    may_commit.set()
    slow.join()
    announce(place, 3)
    *seen, _last = follow(place, after)
    numbers = [number for _, number in seen]
    assert numbers == ([1, 2, 3] if is_postgresql() else [1, 3])
    assert seen == follow(place, after)[:-1]


def test_two_who_number_at_once_give_each_event_one_position(context: Flask, place: Neighbourhood) -> None:
    after = follow(place, 0)[-1]
    announce(place, *range(40))
    barrier = threading.Barrier(4)

    def number() -> None:
        with context.app_context():
            barrier.wait()
            feed.number_events(place.id)

    workers = [threading.Thread(target=number) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [position for position, _ in follow(place, after)[:-1]] == list(range(after + 1, after + 41))


def test_events_are_kept_for_ninety_days_and_who_comes_later_is_told(place: Neighbourhood) -> None:
    after = follow(place, 0)[-1]
    with clock.set_to(clock.now() + timedelta(days=60)):
        announce(place, 1)
    with clock.set_to(clock.now() + timedelta(days=91)):
        feed.number_events(place.id)
        atomic(forget_what_is_over)(place.id, "a day")
        assert follow(place, 0) == [(after + 1, 1), after + 1]
        assert follow(place, after) == [(after + 1, 1), after + 1]
        with pytest.raises(FeedForgotten) as refusal:
            feed.list_events(place.admin.actor, after=1)
        assert refusal.value.facts == {"after": 1, "oldest": after}
    with clock.set_to(clock.now() + timedelta(days=200)):
        atomic(forget_what_is_over)(place.id, "another day")
        assert follow(place, after + 1) == [after + 1]
        announce(place, 2)
        assert follow(place, after + 1) == [(after + 2, 2), after + 2]
        with pytest.raises(FeedForgotten):
            feed.list_events(place.admin.actor, after=after)


def test_a_thing_that_is_not_listed_cannot_be_announced(place: Neighbourhood) -> None:
    with pytest.raises(AssertionError, match="nobody can ask"):
        announce(place, 1, kind="weather.changed")
