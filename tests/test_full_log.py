"""The disk of PostgreSQL's log of changes (WAL) is full: the house says so, and nothing acknowledged is lost."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.db import db
from tests import disks
from tests.conftest import PostgresqlDatabase, house_on
from tests.errands import Customer, assert_each_bought_once
from tests.ledger.rewards.street import open_street
from tests.postgres import Postgres
from tests.serving import Server

pytestmark = [pytest.mark.night, pytest.mark.timeout(600)]

CUSTOMERS = 4


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 96 MB, for the log alone."""
    with disks.small_disk(96) as made:
        yield made


@pytest.fixture
def server(small_disk: Path) -> Iterator[Postgres]:
    made = Postgres(durable=True, log_on=small_disk / "log")
    yield made
    made.stop()


@pytest.fixture
def house(server: Postgres) -> Iterator[Flask]:
    made = house_on(PostgresqlDatabase(server.url))
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def test_a_full_disk_of_the_log_stops_everything_and_loses_nothing(
    small_disk: Path, server: Postgres, house: Flask, tmp_path: Path
) -> None:
    """Whoever asks reads 503 and a sentence; with room, and PostgreSQL started again, all goes on by itself."""
    street = open_street(at=clock.now(), fund_fen=100_000_000)
    clock.move_to(None)
    customers, poster = [Customer(street, number) for number in range(CUSTOMERS)], street.poster.code
    db.session.remove()
    db.engine.dispose()
    serving = Server(house.config["SQLALCHEMY_DATABASE_URI"], house.config["SECRET_KEY"], tmp_path)
    serving.start()
    stopped = threading.Event()
    try:
        with ThreadPoolExecutor(CUSTOMERS) as pool:
            runs = [pool.submit(one.work, serving, poster, stopped) for one in customers]
            try:
                filled, mended = fill_and_mend(small_disk, server, serving)
            finally:
                stopped.set()
            for run in runs:
                run.result()
    finally:
        serving.kill()
    errands = [errand for one in customers for errand in one.errands]
    moments = sorted(moment for one in customers for moment in one.acknowledged)
    refused = Counter(status for errand in errands for status in errand.refused)
    sys.stdout.write(
        f"\n{len(errands)} redemptions, refused {dict(refused)}, {mended - filled:.1f} s from full to well\n"
    )
    assert moments[0] < filled
    assert moments[-1] > mended
    assert refused[503] > 0
    db.engine.dispose()
    assert_each_bought_once(errands)


def fill_and_mend(disk: Path, server: Postgres, serving: Server) -> tuple[float, float]:
    """When the disk was full, and when the house answered again.

    PostgreSQL gives up in the end: it stops at once where a commit finds no room, and recovers only with some.
    """
    time.sleep(4)
    filler = disks.fill(disk)
    filled = time.monotonic()

    def is_told() -> bool:
        status, answer = serving.call("GET", "/readyz")
        return status == 503 and answer["code"] == "unavailable" and "重试不会重复记录" in answer["detail"]

    wait_until(is_told, "the house says that its database is lost")
    wait_until(lambda: not server.is_running(), "PostgreSQL gives up")
    time.sleep(2)
    filler.unlink()
    server.start()
    wait_until(lambda: serving.call("GET", "/readyz")[0] == 200, "the house answers again")
    mended = time.monotonic()
    time.sleep(4)
    return filled, mended


def wait_until(holds: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
