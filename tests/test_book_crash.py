"""kill -9 in the middle of a load of writes: nothing that was answered is lost, and nothing happens twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from flask import Flask
from flask_migrate import upgrade

from ledger.book.checks import run_checks
from ledger.core.db import db
from tests import crash_worker, postgres
from tests.ledger.book.town import Town, open_town

KILLS = 24


@pytest.fixture
def durable_house(request: pytest.FixtureRequest, engine_name: str, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """A house whose commits are on the disk, with its database's address."""
    url = f"sqlite:///{tmp_path / 'house.db'}"
    if engine_name == "postgresql":
        server: postgres.Postgres = request.getfixturevalue("durable_postgres")
        postgres.create_database(server.url, "crashes")
        url = postgres.database_url(server.url, "crashes")
    app = crash_worker.house(url)
    with app.app_context():
        upgrade()
        yield app, url
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def kill_one(durable_house: tuple[Flask, str], tmp_path: Path) -> Iterator[tuple[Town, Callable[[], list[int]]]]:
    """The town that is worked on, and a call that lets one worker begin and kills it; returns what was answered."""
    _, url = durable_house
    town = open_town(members=3)
    town.grant(10_000_000)
    answered = tmp_path / "answered"
    answered.touch()
    ids = (town.id, town.actor.person_id, town.merchant_id, town.fund_id, *town.member_ids)
    db.session.remove()
    chance = random.Random(7)
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.crash_worker", url, answered, *map(str, ids)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin is not None
    assert nursery.stdout is not None

    def kill() -> list[int]:
        before = _numbers(answered)
        # Begin a little before the last answer, as a client does that does not know what was answered.
        _begin_and_kill(nursery.stdin, nursery.stdout, max(0, len(set(before)) - 2), answered, chance)
        return _numbers(answered)

    yield town, kill
    nursery.stdin.close()
    nursery.wait()
    nursery.stdout.close()


def _begin_and_kill(
    orders: IO[str] | None, words: IO[str] | None, first: int, answered: Path, chance: random.Random
) -> None:
    assert orders is not None
    assert words is not None
    enough = len(_numbers(answered)) + chance.randint(3, 6)
    print(first, file=orders, flush=True)
    child = int(words.readline())
    patience = time.monotonic() + 20
    while len(_numbers(answered)) < enough and time.monotonic() < patience:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    assert words.readline() == "ended\n"


def _numbers(answered: Path) -> list[int]:
    return [int(line) for line in answered.read_text().split()]


def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(
    kill_one: tuple[Town, Callable[[], list[int]]],
) -> None:
    town, kill = kill_one
    answered: list[int] = []
    for _ in range(KILLS):
        answered = kill()
        assert run_checks() == []
        db.session.remove()
    plan = 2 * (max(answered) // 2 + 1)
    assert sorted(set(answered)) == list(range(max(answered) + 1))
    assert plan >= KILLS

    replayed = {number for number in range(plan) if crash_worker.write(town, number).replayed}
    assert replayed >= set(answered), "an answered write was lost"
    assert run_checks() == []
    assert sum(town.of(member).posted for member in town.member_ids) == plan // 2 * (10 - 7)
    assert sum(town.of(member).minutes for member in town.member_ids) == plan // 2 * 30
    assert town.balance(town.fund) == 10_000_000 - plan // 2 * 350
    assert town.balance(town.shop) == plan // 2 * 7
    assert all(town.of(member).held == 0 for member in town.member_ids)
