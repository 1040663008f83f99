"""kill -9 of the whole server under load: what was acknowledged is there, what is retried happens once."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import db
from ledger.rewards.models import Redemption, RedemptionState
from tests.ledger.rewards.street import Street, open_street
from tests.serving import Server
from tests.stories import Neighbour

BUYERS, EACH, KILLS = 8, 6, 4


@dataclass
class Errand:
    """One loaf for one person: reserve and confirm, each under a key of its own, until both were acknowledged."""

    buyer: Neighbour
    number: int
    redemption_id: str | None = None
    confirmed: bool = False
    answers: list[tuple[int, Any]] = field(default_factory=list)

    def go(self, server: Server, street: Street, poster: str) -> None:
        """One try at whatever is not acknowledged yet; an answer that does not come is asked for again later."""
        if self.redemption_id is None:
            body = {"offer_id": street.loaf.id.hex, "quantity": 1, "via": {"merchant_code": poster}}
            status, answer = self._post(server, f"{street.place.url}/redemptions", body, "reserve")
            self.redemption_id = answer["id"] if status == 201 else None
        if self.redemption_id is not None and not self.confirmed:
            path = f"{street.place.url}/redemptions/{self.redemption_id}/confirm"
            status, _ = self._post(server, path, {}, "confirm")
            self.confirmed = status == 200

    def _post(self, server: Server, path: str, body: dict[str, Any], step: str) -> tuple[int, dict[str, Any]]:
        key = {"Idempotency-Key": f"{self.buyer.member_id}-{self.number}-{step}"}
        status, answer = server.call("POST", path, body, self.buyer.headers | key)
        assert status in (0, 200, 201), (status, answer)
        return status, answer


@pytest.fixture
def street(context: Flask) -> Street:
    """Served by other processes, so everything happens in real time."""
    found = open_street(at=clock.now())
    clock.move_to(None)
    return found


def test_a_killed_server_loses_nothing_and_doubles_nothing(app: Flask, street: Street, tmp_path: Path) -> None:
    server = Server(app.config["SQLALCHEMY_DATABASE_URI"], app.config["SECRET_KEY"], tmp_path)
    poster = street.poster.code
    buyers = [street.volunteer(points=20 * EACH, name=f"居民{n}") for n in range(BUYERS)]
    errands = [Errand(buyer, n) for buyer in buyers for n in range(EACH)]
    db.session.remove()
    chance = random.Random(20261120)
    for _ in range(KILLS):
        server.start()
        run_until_killed(server, street, poster, errands, after=chance.uniform(0.05, 0.5))
    server.start()
    try:
        for errand in errands:
            errand.go(server, street, poster)
    finally:
        server.kill()
    assert all(errand.confirmed for errand in errands)
    assert len({errand.redemption_id for errand in errands}) == len(errands)
    confirmed = select(func.count()).where(Redemption.state == RedemptionState.CONFIRMED)
    assert db.session.scalar(confirmed) == len(errands)
    assert [street.available(buyer) for buyer in buyers] == [0] * BUYERS
    assert run_checks() == []


def run_until_killed(server: Server, street: Street, poster: str, errands: list[Errand], *, after: float) -> None:
    stopped = threading.Event()

    def work(mine: list[Errand]) -> None:
        for errand in mine:
            if not stopped.is_set():
                errand.go(server, street, poster)

    with ThreadPoolExecutor(BUYERS) as pool:
        runs = [pool.submit(work, errands[n::BUYERS]) for n in range(BUYERS)]
        time.sleep(after)
        server.kill()
        stopped.set()
        for run in runs:
            run.result()
