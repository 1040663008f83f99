"""R17: a week of 10,000 lines is closed by the verb, detectors and all, against 2,000 lines a second."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from flask import Flask

from bench.houses import Pace
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import system_actor
from ledger.settlement import closing
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.crowd import fill_week

RATE = 2_000
"""Lines a second, at least: 10,000 in five seconds."""

LINES = 10_000
FRIDAY = datetime(2026, 11, 20, 4, tzinfo=UTC)


class CloseOfAWeek:
    """One shop's week; each run has a community of its own."""

    number, limit, target = "R17", f"{RATE} lines a second", 1.0

    def __init__(self, engine: str, *, lines: int = LINES) -> None:
        self.lines = lines
        self.path = f"close of {lines:,} lines, {engine}"

    def is_built(self, _app: Flask) -> bool:
        return True

    def prepare(self) -> None:
        """Everything was redeemed, and the week is over."""
        street = open_street(at=FRIDAY, fund_fen=200 * self.lines + 100_000)
        self.week = clock.week_of(clock.now())
        fill_week(street, self.week, self.lines)
        self.community_id = street.id
        clock.move_to(clock.week_bounds(self.week)[1])
        db.session.remove()

    def run_ours(self) -> Pace:
        started = time.perf_counter()
        [draft] = closing.close_week(system_actor(self.community_id), self.week)
        took = time.perf_counter() - started
        assert draft.line_count == self.lines, "the close left lines behind"
        db.session.remove()
        clock.move_to(None)
        return Pace(self.lines / took, took)

    def run_limit(self) -> Pace:
        return Pace(RATE)
