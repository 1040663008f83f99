"""R9 and R10: our confirmation over HTTP against what others' ledgers do, each in a database of its own beside ours.

A peer moves one amount from a wallet to a shop, under its own lock and with its own look at the balance. It knows no
key, no rule, no audit line and no event, and of our two transfers it writes one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.confirming import WARM_UP, ConfirmOverHttp, confirm_over_http
from bench.houses import ROOT, Pace, RoundIsVoid, run_pgbench
from bench.neighbourhood import Place
from bench.rounds import Found, Row
from tests import postgres

PROCESSES, THREADS = 2, 4
"""As `make run` serves the house."""

CLIENTS = PROCESSES * THREADS

HORDAK = Row("R9", "HTTP confirm, c=8", "django-hordak in process, with lock and balance check", 3.0)
PGLEDGER = Row("R10", "HTTP confirm, c=8", "pgledger by pgbench", 0.40)
NOT_RUN = {
    "R9": "not run: `make peers` installs django-hordak",
    "R10": "not run: --pgledger PATH names a checkout of pgledger",
}


class ConfirmAgainst(ConfirmOverHttp):
    """Our side of both rows."""

    def __init__(self, row: Row, place: Place, port: int, url: str, *, size: int) -> None:
        super().__init__(place, port, url, size=size)
        self.number, self.path, self.limit, self.target = row.number, row.path, row.limit, row.target
        self._peer = _new_database(url, f"peer_{row.number.lower()}")

    def prepare(self) -> None:
        confirm_over_http(self._place, self._port, self._place.reserve(WARM_UP), clients=16)
        self._ours = self._place.reserve(self._size)


class ConfirmAgainstHordak(ConfirmAgainst):
    """R9. The peer has as many processes and threads as the house; HTTP it has not."""

    def __init__(self, place: Place, port: int, url: str, *, size: int) -> None:
        super().__init__(HORDAK, place, port, url, size=size)
        address = make_url(self._peer)
        self._database = {
            "NAME": str(address.database), "USER": str(address.username), "HOST": str(address.query["host"]),
        }  # fmt: skip
        asked = {"database": self._database, "wallets": len(place.volunteers), "shops": len(place.shops)}
        ended = subprocess.run(
            _command(), input=json.dumps(asked) + "\n", capture_output=True, text=True, cwd=ROOT, check=True
        )
        accounts = json.loads(ended.stdout)
        self._pairs = zip(cycle(accounts["wallets"]), cycle(accounts["shops"]))

    def run_limit(self) -> Pace:
        legs = _count(self._peer, "hordak_leg")
        # The first of each thread's share is spent before the clock runs.
        pairs = list(islice(self._pairs, self._size + CLIENTS))
        with ExitStack() as stack:
            workers = [stack.enter_context(_worker()) for _ in range(PROCESSES)]
            for number, worker in enumerate(workers):
                shares = [pairs[number * THREADS + thread :: CLIENTS] for thread in range(THREADS)]
                _tell(worker, json.dumps({"database": self._database, "shares": shares}))
            for worker in workers:
                _hear(worker)
            for worker in workers:
                _tell(worker, "go")
            took = max(float(_hear(worker)) for worker in workers)
        if _count(self._peer, "hordak_leg") != legs + 2 * len(pairs):
            raise RoundIsVoid("django-hordak lost a transfer")
        return Pace(self._size / took)


def _command() -> list[str]:
    return [sys.executable, "-m", "bench.hordak"]


def _worker() -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(_command(), stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def _tell(worker: subprocess.Popen[str], words: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(words + "\n")
    worker.stdin.flush()


def _hear(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        _, faults = worker.communicate()
        raise RoundIsVoid(f"django-hordak: {faults.strip().splitlines()[-1]}")
    return line.strip()


class ConfirmAgainstPgledger(ConfirmAgainst):
    """R10. Its functions as its README names them, from the SQL that the user has."""

    def __init__(self, place: Place, port: int, url: str, sql: Path, *, size: int) -> None:
        super().__init__(PGLEDGER, place, port, url, size=size)
        with _connected(self._peer) as connection:
            for file in _scripts(sql):
                connection.execute(_without_commands_of_psql(file.read_text()).encode())
            connection.execute("CREATE TABLE bench_pairs (n bigint PRIMARY KEY, wallet text, shop text)")
            wallets, shops = (
                [_open_account(connection, name, is_limited=is_limited) for _ in some]
                for name, some, is_limited in (("wallet", place.volunteers, True), ("shop", place.shops, False))
            )
            promised = _open_account(connection, "promised", is_limited=False)
            for wallet in wallets:
                connection.execute("SELECT id FROM pgledger_create_transfer(%s, %s, '1000000')", (promised, wallet))
            pairs = [(n, *pair) for n, pair in enumerate(islice(zip(cycle(wallets), cycle(shops)), size * 3))]
            connection.cursor().executemany("INSERT INTO bench_pairs VALUES (%s, %s, %s)", pairs)
            connection.execute("VACUUM ANALYZE")

    def run_limit(self) -> Pace:
        before, count = _count(self._peer, "pgledger_transfers"), self._size * 3
        script = "SELECT made.id FROM bench_pairs, pgledger_create_transfer(wallet, shop, '20') AS made WHERE n = :n;"
        pace = run_pgbench(self._peer, script, count=count, first=0, clients=CLIENTS)
        if _count(self._peer, "pgledger_transfers") != before + count:
            raise RoundIsVoid("pgledger lost a transfer")
        return pace


def _scripts(sql: Path) -> Sequence[Path]:
    """The file; of a checkout, first what its pgledger.sql needs from others."""
    return [sql] if sql.is_file() else [*sorted(sql.glob("vendor/**/*.sql")), sql / "pgledger.sql"]


def _without_commands_of_psql(script: str) -> str:
    return "\n".join(line for line in script.splitlines() if not line.startswith("\\"))


def _open_account(connection: psycopg.Connection[Any], name: str, *, is_limited: bool) -> str:
    query = "SELECT id FROM pgledger_create_account(%s, 'CNY', allow_negative_balance => %s)"
    row = connection.execute(query, (name, not is_limited)).fetchone()
    assert row is not None
    return str(row[0])


def _new_database(url: str, name: str) -> str:
    """Beside the bench's own, empty: its address."""
    server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    postgres.create_database(server, name)
    return postgres.database_url(server, name)


def _connected(url: str) -> psycopg.Connection[Any]:
    return postgres.maintenance(url)


def _count(url: str, table: str) -> int:
    with _connected(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def present(place: Place, port: int, url: str, pgledger: Path | None, *, size: int) -> list[ConfirmAgainst]:
    """Those that are there."""
    found: list[ConfirmAgainst] = []
    if find_spec("hordak"):
        found.append(ConfirmAgainstHordak(place, port, url, size=size))
    if pgledger:
        found.append(ConfirmAgainstPgledger(place, port, url, pgledger, size=size))
    return found


def absent(pgledger: Path | None) -> list[Found]:
    """What to say of the others."""
    missing = [] if find_spec("hordak") else [HORDAK]
    return [Found(row, instead=NOT_RUN[row.number]) for row in (missing if pgledger else [*missing, PGLEDGER])]
