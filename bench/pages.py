"""R7: the page behind a poster's QR code, for somebody who is signed in, against a bare Flask answer."""

from __future__ import annotations

from flask import Flask

from bench.houses import Call, Pace, run_http
from bench.neighbourhood import NAME, Place
from bench.rounds import has_address

CLIENTS = 8


class CheckInPage:
    """R7."""

    number = "R7"
    path = "check-in page, signed in, c=8"
    limit = "a bare Flask answer, served the same way"
    target = 0.25

    def __init__(self, place: Place, port: int, bare_port: int, *, size: int) -> None:
        self._port, self._bare_port, self._size = port, bare_port, size
        [activity] = place.plan_activities(1)
        self._calls = [
            Call("GET", f"/q/{activity.poster_code}", {"Cookie": f"session_token={volunteer.token}"})
            for volunteer in place.volunteers
        ]

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
