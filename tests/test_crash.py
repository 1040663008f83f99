"""kill -9 of the server, or of one worker, under load: what was acknowledged is there, what is retried happens once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.db import db
from tests.errands import Errand, assert_each_bought_once
from tests.ledger.rewards.street import Street, open_street
from tests.serving import Server
from tests.stories import Neighbour

BUYERS, EACH, KILLS = 8, 6, 4
WORKERS, LEAST_KILLED, MOST_KILLED = 2, 2, 8
AT_MOST, PAUSE_SECONDS = 60, 0.2
"""Loaves of one buyer: the fund pays for 500."""


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
    assert_each_bought_once(errands)
    assert [street.available(buyer) for buyer in buyers] == [0] * BUYERS


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_the_other_goes_on(app: Flask, street: Street, tmp_path: Path) -> None:
    """Who had a request in the killed worker hears nothing, asks again at once and is answered by the other."""
    server = Server(app.config["SQLALCHEMY_DATABASE_URI"], app.config["SECRET_KEY"], tmp_path)
    poster = street.poster.code
    buyers = [street.volunteer(points=20 * AT_MOST, name=f"居民{n}") for n in range(BUYERS)]
    db.session.remove()
    server.start()
    shoppers = [Shopper(buyer) for buyer in buyers]
    try:
        killed = run_while_workers_die(server, street, poster, shoppers)
        # One that was killed a moment ago stays a child until the master has seen that it is gone.
        wait_until(lambda: len(server.answering() - killed) == WORKERS, "the master starts another worker")
        wait_until(lambda: not killed & server.workers(), "the master buries those that were killed")
    finally:
        server.kill()
    unheard = [sum(errand.unheard for errand in one.errands) for one in shoppers]
    assert sum(unheard) > 0
    assert max(unheard) <= len(killed), "nobody asks in vain twice for one worker"
    errands = [errand for one in shoppers for errand in one.errands]
    assert_each_bought_once(errands)
    assert [street.available(one.buyer) for one in shoppers] == [20 * (AT_MOST - len(one.errands)) for one in shoppers]


@dataclass
class Shopper:
    """Buys loaf after loaf, each until it is acknowledged."""

    buyer: Neighbour
    errands: list[Errand] = field(default_factory=list)

    def buy_until(self, ended: threading.Event, server: Server, street: Street, poster: str) -> None:
        while not ended.is_set() and len(self.errands) < AT_MOST:
            self.errands.append(errand := Errand(self.buyer, len(self.errands)))
            while not errand.confirmed:
                errand.go(server, street, poster)
            time.sleep(PAUSE_SECONDS)


def run_while_workers_die(server: Server, street: Street, poster: str, shoppers: list[Shopper]) -> set[int]:
    """All of them buy while one worker after the other is killed, in the middle of a request at least once; which."""
    chance, ended = random.Random(20261127), threading.Event()
    killed: set[int] = set()

    def is_interrupted() -> bool:
        return any(errand.unheard for one in shoppers for errand in one.errands)

    with ThreadPoolExecutor(BUYERS) as pool:
        runs = [pool.submit(one.buy_until, ended, server, street, poster) for one in shoppers]
        try:
            while len(killed) < LEAST_KILLED or (not is_interrupted() and len(killed) < MOST_KILLED):
                time.sleep(chance.uniform(0.1, 0.4))
                wait_until(lambda: len(server.answering()) == WORKERS, "two workers before the next one dies")
                killed.add(worker := chance.choice(sorted(server.workers())))
                server.kill_worker(worker)
        finally:
            ended.set()
        for run in runs:
            run.result()
    return killed


def wait_until(come_true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not come_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


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
