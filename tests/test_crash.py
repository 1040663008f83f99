"""kill -9 of the whole server under load: what was acknowledged is there, what is retried happens once."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import db
from ledger.rewards.models import Redemption, RedemptionState
from tests.errands import Errand
from tests.ledger.rewards.street import Street, open_street
from tests.serving import Server

BUYERS, EACH, KILLS = 8, 6, 4


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
