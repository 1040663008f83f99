"""R7, R19: the page behind a poster's QR code, signed in: against a bare Flask answer, and with years behind it."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice

from flask import Flask

from bench import houses
from bench.houses import Call, Pace, RoundIsVoid, run_http
from bench.neighbourhood import NAME, Place
from bench.rounds import has_address
from ledger.core import clock
from tests.ledger.service.crowd import copy_visits
from tests.ledger.service.day import NINE, open_day

CLIENTS = 8


def calls_of(place: Place, count: int) -> list[Call]:
    """So many looks at one poster's page, by volunteers in turn."""
    [activity] = place.plan_activities(1)
    tokens = islice(cycle(volunteer.token for volunteer in place.volunteers), count)
    return [Call("GET", f"/q/{activity.poster_code}", {"Cookie": f"session_token={token}"}) for token in tokens]


class CheckInPage:
    """R7."""

    number = "R7"
    path = "check-in page, signed in, c=8"
    limit = "a bare Flask answer, served the same way"
    target = 0.25

    def __init__(self, place: Place, port: int, bare_port: int, *, size: int) -> None:
        self._port, self._bare_port, self._size = port, bare_port, size
        self._calls = calls_of(place, len(place.volunteers))

    def is_built(self, app: Flask) -> bool:
        return has_address(app, "/q/<site_code>")

    def prepare(self) -> None:
        self._get(64)

    def run_ours(self) -> Pace:
        return self._get(self._size)

    def _get(self, count: int) -> Pace:
        calls = [self._calls[number % len(self._calls)] for number in range(count)]
        return run_http(self._port, calls, status=200, contains=NAME, clients=CLIENTS)

    def run_limit(self) -> Pace:
        calls = [Call("GET", "/", {})] * (self._size * 4)
        return run_http(self._bare_port, calls, status=200, contains="<title>bare", clients=CLIENTS)


@dataclass(frozen=True, slots=True)
class Door:
    """A poster at nine o'clock, and a volunteer in front of it."""

    app: Flask
    address: str
    token: str
    name: str

    def p95(self, count: int) -> Pace:
        """Of so many looks at the page, HTTP not included; as looks a second."""
        browser = self.app.test_client()
        browser.set_cookie("session_token", self.token)
        took = []
        with clock.set_to(NINE):
            for _ in range(count):
                started = time.perf_counter()
                answer = browser.get(self.address)
                took.append(time.perf_counter() - started)
                if answer.status_code != 200 or self.name not in answer.text:
                    raise RoundIsVoid(f"the page answered {answer.status_code}")
        return Pace(1 / statistics.quantiles(took, n=20)[-1], max(took))


class CheckInPageAfterYears:
    """R19: two houses of one engine, one of them with a long history."""

    number, limit, target = "R19", "the same with one visit behind it", 0.87

    def __init__(self, engine: str, stack: ExitStack, *, visits: int = 100_000, size: int) -> None:
        self.visits, self._engine, self._stack, self._size = visits, engine, stack, size
        self.path = f"check-in page (p95) with {visits:,} visits behind it, {engine}"
        self._doors: list[Door] = []

    def is_built(self, app: Flask) -> bool:
        return has_address(app, "/q/<site_code>")

    def prepare(self) -> None:
        """Both houses are settled once; the page is the same in each round."""
        if not self._doors:
            self._doors = [self._settle(count) for count in (self.visits, 1)]

    def _settle(self, visits: int) -> Door:
        database = houses.postgresql if self._engine == "PostgreSQL" else houses.sqlite
        app = houses.house_on(self._stack.enter_context(database()))
        with app.app_context():
            day = open_day()
            volunteer, earlier = day.place.volunteer(), day.another_activity()
            day.stamp([day.served(volunteer, to=earlier).id])
            if visits > 1:
                copy_visits(earlier, count=visits - 1)
            self._stack.callback(houses.leave, app)
            clock.move_to(None)
            return Door(app, f"/q/{day.activity.poster_code}", volunteer.token, volunteer.name)

    def run_ours(self) -> Pace:
        return self._doors[0].p95(self._size)

    def run_limit(self) -> Pace:
        return self._doors[1].p95(self._size)
