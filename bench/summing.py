"""R18: the summary of a month of 100,000 visits is computed by the verb, against 20,000 visits a second."""

from __future__ import annotations

import time

from flask import Flask

from bench.houses import Pace
from ledger.core import clock
from ledger.core.db import db
from ledger.recognition import summaries
from tests.ledger.recognition.crowd import fill_month
from tests.ledger.recognition.month import NOVEMBER, open_month

RATE = 20_000
"""Visits a second, at least: 100,000 in five seconds."""

VISITS = 100_000


class SummaryOfAMonth:
    """Ten days of service; each run has a community of its own."""

    number, limit, target = "R18", f"{RATE:,} visits a second", 1.0

    def __init__(self, engine: str, *, visits: int = VISITS) -> None:
        self.visits = visits
        self.path = f"summary of {visits:,} visits, {engine}"

    def is_built(self, _app: Flask) -> bool:
        return True

    def prepare(self) -> None:
        """The month is over, and everything in it was stamped."""
        november = open_month()
        fill_month(november, self.visits)
        november.in_december()
        self.admin = november.admin.actor
        db.session.remove()

    def run_ours(self) -> Pace:
        started = time.perf_counter()
        document = summaries.see_summary(self.admin, NOVEMBER).document
        took = time.perf_counter() - started
        assert document is not None, "the month is not there"
        assert document["totals"]["visits"] == self.visits, "the summary left visits out"
        db.session.remove()
        clock.move_to(None)
        return Pace(self.visits / took, took)

    def run_limit(self) -> Pace:
        return Pace(RATE)
