"""`tick`: every job once for each community and period, however often and by however many it is called."""

from __future__ import annotations

from itertools import chain
from uuid import UUID

import pytest
from flask import Flask

from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.jobs import JobRun, claim, forget_runs, part_of, tick
from ledger.core.numbers import NumberSeries, next_in_series
from ledger.core.tenancy import scoped
from tests.counting import counted_statements
from tests.ledger.book.town import at_once


class Diary:
    """A job that counts its runs in the database and fails when told."""

    def __init__(self) -> None:
        self.period = "2026-W47"
        self.fails = False

    def work(self, community_id: UUID, period: str) -> None:
        next_in_series(community_id, period)
        if self.fails:
            raise LookupError("told to fail")


@pytest.fixture
def diary(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Diary:
    diary = Diary()
    monkeypatch.setattr(registry, "jobs", {})
    monkeypatch.setattr("ledger.core.jobs.jobs", registry.jobs)
    registry.job("write the diary", lambda moment: diary.period)(diary.work)
    return diary


@atomic
def runs(community_id: UUID, period: str = "2026-W47") -> int:
    return db.session.scalar(scoped(community_id, NumberSeries.last).where(NumberSeries.series == period)) or 0


def test_a_job_is_done_once_in_a_period(diary: Diary) -> None:
    here = new_id()
    assert (tick([here]), tick([here]), runs(here)) == (1, 0, 1)


def test_a_job_is_done_again_in_the_next_period(diary: Diary) -> None:
    here = new_id()
    tick([here])
    diary.period = "2026-W48"
    assert (tick([here]), runs(here, "2026-W48")) == (1, 1)


def test_every_community_has_its_own(diary: Diary) -> None:
    here, there = new_id(), new_id()
    assert (tick([here, there]), runs(here), runs(there)) == (2, 1, 1)


def test_a_failed_job_leaves_nothing_and_is_tried_again(diary: Diary) -> None:
    here = new_id()
    diary.fails = True
    assert (tick([here]), tick([here]), runs(here)) == (0, 0, 0)
    [row] = atomic(lambda: db.session.scalars(scoped(here, JobRun)).all())()
    assert row.state == "failed"
    diary.fails = False
    assert (tick([here]), runs(here), tick([here])) == (1, 1, 0)


def test_eight_ticks_at_once_do_it_once(diary: Diary, app: Flask) -> None:
    here = new_id()
    assert sum(at_once(app, [lambda: tick([here])] * 8)) == 1
    assert runs(here) == 1


def test_whose_work_is_done_is_asked_for_it_once(diary: Diary) -> None:
    """However many jobs there are: a walk through all communities costs a question each."""
    here = new_id()
    for number in range(9):
        registry.job(f"job {number}", lambda moment: diary.period)(diary.work)
    assert tick([here]) == 10
    with counted_statements() as seen:
        assert tick([here]) == 0
    assert len([statement for statement in seen if "job_runs" in statement]) == 1


@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_community_is_in_one_part_whoever_asks(count: int) -> None:
    all_ids = [new_id() for _ in range(200)]
    parts = [part_of(all_ids, number, count) for number in range(1, count + 1)]
    assert sorted(chain(*parts)) == sorted(all_ids)
    assert [part_of(reversed(all_ids), number, count)[::-1] for number in range(1, count + 1)] == parts
    assert min(map(len, parts)) > 200 / count / 3, "about as many in each"


def test_hours_and_minutes_are_forgotten_after_a_day_and_longer_periods_after_four_hundred(context: Flask) -> None:
    here, there = new_id(), new_id()
    short = ("2026-10-12T20:05", "2026-10-12T20:06"), ("2026-10-12T20", "2026-10-12T21")
    longer = ("2026-W41", "2026-W42"), ("2026-10-12", "2026-10-13")

    def left() -> set[str]:
        return set(db.session.scalars(scoped(here, JobRun.period)))

    with clock.set_to(clock.now()):
        for name, periods in zip(("minute", "hour", "week", "day"), (*short, *longer), strict=True):
            for period in periods:
                assert claim(name, here, period)
                assert claim(name, there, period)
                clock.advance(seconds=1)
        clock.advance(days=2)
        atomic(forget_runs)(here, "")
        assert left() == {"2026-10-12T20:06", "2026-10-12T21", *longer[0], *longer[1]}, "the newest of each stays"
        assert claim("minute", here, "2026-10-14T20:06")
        assert claim("week", here, "2026-W43")
        clock.advance(days=397)
        atomic(forget_runs)(here, "")
        assert left() == {"2026-10-14T20:06", "2026-10-12T21", *longer[0], "2026-W43", *longer[1]}
        clock.advance(days=2)
        atomic(forget_runs)(here, "")
        assert left() == {"2026-10-14T20:06", "2026-10-12T21", "2026-W43", "2026-10-13"}
    assert len(set(db.session.scalars(scoped(there, JobRun.period)))) == 8, "of nobody else"


def test_a_period_is_claimed_by_one_of_many(context: Flask) -> None:
    community_id = new_id()
    claimed = at_once(context, [lambda: claim("report", community_id, "2026-10")] * 6)
    assert sorted(claimed) == [False] * 5 + [True]


def test_work_in_steps_keeps_the_steps_that_were_done_when_a_later_one_fails(diary: Diary) -> None:
    community_id = new_id()

    def work(community_id: UUID, period: str) -> None:
        atomic(next_in_series)(community_id, period)
        if diary.fails:
            raise LookupError("told to fail")

    registry.job("walk", lambda moment: diary.period, in_steps=True)(work)
    diary.fails = True
    tick([community_id])
    diary.fails = False
    assert tick([community_id]) == 2
    assert numbers_of(community_id) == 3
    assert tick([community_id]) == 0


def numbers_of(community_id: UUID) -> int:
    """The walk's two steps (one before it failed) and the diary's one."""
    return int(db.session.scalars(scoped(community_id, NumberSeries.last)).one())
