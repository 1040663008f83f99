"""R20: a person's own data as a file, with thousands of rows behind it, made by the verb, against 60 seconds."""

from __future__ import annotations

import io
import time
import zipfile

from flask import Flask

from bench.houses import Pace, RoundIsVoid
from ledger.core import clock
from ledger.core.db import db
from ledger.people import exports
from tests.ledger.recognition.crowd import fill_month
from tests.ledger.recognition.month import open_month

SECONDS = 60
"""In which a person has the file of their data."""

VISITS = 2_500
"""Of one person: with stamps, points and hours ten thousand rows."""


class FileOfMyData:
    """One member served all visits of a month; each run has a community of its own."""

    number, limit, target = "R20", f"one file in {SECONDS} seconds", 1.0

    def __init__(self, engine: str, *, visits: int = VISITS) -> None:
        self.visits = visits
        self.path = f"file of my data, {visits:,} visits with all that followed, {engine}"

    def is_built(self, _app: Flask) -> bool:
        return True

    def prepare(self) -> None:
        """All visits are one person's."""
        november = open_month()
        self.person = fill_month(november, self.visits, each=self.visits + 1)[0].actor
        db.session.remove()

    def run_ours(self) -> Pace:
        started = time.perf_counter()
        made = exports.make_export(self.person)
        took = time.perf_counter() - started
        with zipfile.ZipFile(io.BytesIO(exports.read_export(self.person, made.id))) as file:
            lines = file.read("checkins.csv").count(b"\n")
        if lines < self.visits:
            raise RoundIsVoid(f"the file has {lines} visits")
        db.session.remove()
        clock.move_to(None)
        return Pace(1 / took, took)

    def run_limit(self) -> Pace:
        return Pace(1 / SECONDS)
