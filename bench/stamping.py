"""R3: stamping a hundred visits at once over HTTP, against one SQL function that writes the same rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from bench import limits
from bench.houses import Call, Pace, RoundIsVoid, run_http, run_pgbench
from bench.neighbourhood import AT_ONCE, Place
from bench.rounds import has_address
from ledger.book.accounts import debt_of, hours_of, issuance_of, wallet_of
from ledger.book.codes import Unit
from ledger.core.db import db
from ledger.core.tenancy import within
from ledger.service.models import Checkin, Stamp

CLIENTS = 4
WARM_UP = 4
"""Batches before the clock runs."""

Batch = Sequence[Checkin]


def body_of(batch: Batch) -> str:
    """The press of the stamp as a stamper's desk sends it."""
    return json.dumps({"checkin_ids": [visit.id.hex for visit in batch], "decision": "stamp"})


def call_of(place: Place, batch: Batch) -> Call:
    headers = {
        "Authorization": f"Bearer {place.stamper.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    return Call("POST", f"{place.url}/stamps", headers, body_of(batch))


def jobs(place: Place, batches: Sequence[Batch], answer: str) -> list[dict[str, Any]]:
    """What the limit's function is told of each batch: what the house derives without asking the database."""
    actor = place.stamper.actor
    return [
        {
            "n": n,
            "community_id": place.id,
            "person_id": actor.person_id,
            "issuance_id": issuance_of(place.id).id_in(place.id),
            "hours_issuance_id": issuance_of(place.id, Unit.MINUTES).id_in(place.id),
            "checkin_ids": [visit.id for visit in batch],
            "member_ids": [visit.member_id for visit in batch],
            "wallet_ids": [wallet_of(visit.member_id).id_in(place.id) for visit in batch],
            "hours_ids": [hours_of(visit.member_id).id_in(place.id) for visit in batch],
            "debt_ids": [debt_of(visit.member_id).id_in(place.id) for visit in batch],
            **limits.request_facts(actor, f"{place.url}/stamps", body_of(batch), answer),
        }
        for n, batch in enumerate(batches)
    ]


class StampOverHttp:
    """R3. Neighbouring batches are of different members, so that no two clients wait for one wallet."""

    number = "R3"
    path = "HTTP batch stamp of 100, c=4"
    limit = "SQL: one function, same rows, batches of 100 (pgbench, c=4)"
    target = 0.80

    def __init__(self, place: Place, port: int, url: str, *, size: int) -> None:
        self._place, self._port, self._url = place, port, url
        self._batches = max(CLIENTS, size // 25 // CLIENTS * CLIENTS)

    def is_built(self, app: Flask) -> bool:
        return has_address(app, "/stamps")

    def prepare(self) -> None:
        limits.install("stamp")
        self._stamp(self._served(WARM_UP))
        self._ours, self._limit = self._served(self._batches), self._served(self._batches * 2)
        limits.give("bench_stampings", jobs(self._place, self._limit, limits.last_answer(self._place.id)))

    def _served(self, batches: int) -> list[Batch]:
        """A batch is of so many members; where the place has not enough of them, of all."""
        size = min(AT_ONCE, len(self._place.volunteers))
        visits = self._place.serve(batches * size)
        return [visits[start : start + size] for start in range(0, len(visits), size)]

    def run_ours(self) -> Pace:
        return self._stamp(self._ours)

    def run_limit(self) -> Pace:
        count = len(self._limit)
        pace = run_pgbench(self._url, "SELECT bench_stamp(:n);", count=count, first=0, clients=CLIENTS)
        require_stamped(self._place, self._limit)
        return pace

    def _stamp(self, batches: Sequence[Batch]) -> Pace:
        calls = [call_of(self._place, batch) for batch in batches]
        pace = run_http(self._port, calls, status=200, contains='"stamped"', clients=CLIENTS)
        require_stamped(self._place, batches)
        return pace


def require_stamped(place: Place, batches: Sequence[Batch]) -> None:
    """Every visit has its one stamp: a batch may be answered with a refusal of some of it."""
    ids = [visit.id for batch in batches for visit in batch]
    query = select(func.count()).where(within(place.id, Stamp), Stamp.checkin_id.in_(ids), Stamp.undone_at.is_(None))
    stamped = db.session.scalar(query)
    db.session.close()
    if stamped != len(ids):
        raise RoundIsVoid(f"{stamped} of {len(ids)} visits are stamped")
