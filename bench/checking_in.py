"""R2: checking in over HTTP against the engine alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench import limits
from bench.houses import Call, Pace, RoundIsVoid, run_http, run_pgbench
from bench.neighbourhood import Place, Visit
from bench.rounds import has_address
from ledger.core.db import db
from ledger.core.tenancy import within
from ledger.service.models import Checkin, CheckinState

WARM_UP = 64


def body_of(visit: Visit) -> str:
    """The check-in as a phone sends it that has read the poster."""
    via = {"poster_code": visit.activity.poster_code}
    return json.dumps({"activity_id": visit.activity.id.hex, "kind": "in", "via": via})


def call_of(place: Place, visit: Visit) -> Call:
    headers = {
        "Authorization": f"Bearer {visit.volunteer.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    return Call("POST", f"{place.url}/checkins", headers, body_of(visit))


def jobs(place: Place, visits: Sequence[Visit], answer: str) -> list[dict[str, Any]]:
    """What the limit's function is told of each check-in."""
    return [
        {
            "n": n,
            "community_id": place.id,
            "person_id": visit.volunteer.actor.person_id,
            "member_id": visit.volunteer.actor.member_id,
            "activity_id": visit.activity.id,
            "poster_code": visit.activity.poster_code,
            **limits.request_facts(visit.volunteer.actor, f"{place.url}/checkins", body_of(visit), answer),
        }
        for n, visit in enumerate(visits)
    ]


class CheckInOverHttp:
    """R2. After each run the activities are called off, so that everybody is free for the next one."""

    number = "R2"
    path = "HTTP check-in, c=8"
    limit = "SQL: one function, same rows (pgbench, c=8)"
    target = 0.35

    def __init__(self, place: Place, port: int, url: str, *, size: int) -> None:
        self._place, self._port, self._url, self._size = place, port, url, size

    def is_built(self, app: Flask) -> bool:
        return has_address(app, "/checkins")

    def prepare(self) -> None:
        limits.install("check_in")
        visits = self._place.plan_visits(min(WARM_UP, len(self._place.volunteers)))
        self._check_in(visits, clients=16)
        self._answer = limits.last_answer(self._place.id)
        self._place.call_off(visits)

    def run_ours(self) -> Pace:
        visits = self._place.plan_visits(self._size)
        pace = self._check_in(visits, clients=8)
        self._place.call_off(visits)
        return pace

    def run_limit(self) -> Pace:
        count = len(self._place.volunteers) // 8 * 8
        visits = self._place.plan_visits(count)
        limits.give("bench_checkins", jobs(self._place, visits, self._answer))
        pace = run_pgbench(self._url, "SELECT bench_check_in(:n);", count=count, first=0, clients=8)
        require_open(self._place, visits)
        self._place.call_off(visits)
        return pace

    def _check_in(self, visits: Sequence[Visit], *, clients: int) -> Pace:
        calls = [call_of(self._place, visit) for visit in visits]
        pace = run_http(self._port, calls, status=201, contains='"open"', clients=clients)
        require_open(self._place, visits)
        return pace


def require_open(place: Place, visits: Sequence[Visit]) -> None:
    """Every one of these visits was recorded, once."""
    query = select(func.count()).where(
        within(place.id, Checkin),
        Checkin.activity_id.in_({visit.activity.id for visit in visits}),
        Checkin.state == CheckinState.OPEN,
    )
    recorded = db.session.scalar(query)
    db.session.close()
    if recorded != len(visits):
        raise RoundIsVoid(f"{recorded} of {len(visits)} check-ins are recorded")
