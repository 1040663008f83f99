"""`tick`: every job once for each community and period, however often and by however many it is called."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.jobs import JobRun, tick
from ledger.core.numbers import NumberSeries, next_in_series
from ledger.core.tenancy import scoped
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
