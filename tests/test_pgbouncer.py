"""The house behind PgBouncer in transaction mode: many connections of ours share four of PostgreSQL's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.engine import URL

from ledger.core import clock
from ledger.core.db import db
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Activity, Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests.errands import Customer, assert_each_bought_once
from tests.grounds import Grounds, grounds
from tests.ledger.rewards.street import Street, open_street
from tests.postgres import own_account
from tests.serving import HOUSE, Server, free_port
from tests.stories import Neighbour

__all__ = ["grounds"]

pytestmark = [pytest.mark.night, pytest.mark.timeout(600)]

CUSTOMERS, VISITORS, CONNECTIONS, SECONDS = 6, 24, 4, 20


class Bouncer:
    """A PgBouncer on loopback for one role and one database."""

    def __init__(self, program: str, folder: Path, address: URL) -> None:
        self._port = free_port()
        self._address = address
        users = folder / "users.txt"
        users.write_text(f'"{address.username}" ""\n')
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n{address.database} = host={address.query['host']}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {users}\nadmin_users = {address.username}\n"
            f"pool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\nmax_client_conn = 100\n"
        )
        self._account = own_account()  # It refuses to run as root.
        if self._account:
            folder.chmod(0o755)
        with (folder / "pgbouncer.log").open("wb") as said:
            self._process = subprocess.Popen(
                [program, settings], stdout=said, stderr=subprocess.STDOUT, cwd="/", **self._account
            )

    @property
    def url(self) -> str:
        through = self._address.set(host="127.0.0.1", port=self._port, query={})
        return through.render_as_string(hide_password=False)

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        """As the role, to its database or to PgBouncer's own (which answers only plain questions)."""
        where = f"host=127.0.0.1 port={self._port} user={self._address.username}"
        return psycopg.connect(
            f"{where} dbname={database or self._address.database}", autocommit=True, cursor_factory=psycopg.ClientCursor
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "PgBouncer does not come up"
                time.sleep(0.1)

    def servers(self) -> int:
        """How many connections to PostgreSQL it has now."""
        with self.connect("pgbouncer") as connection:
            return len(connection.execute("SHOW SERVERS").fetchall())

    def clients(self) -> int:
        with self.connect("pgbouncer") as connection:
            return len(connection.execute("SHOW CLIENTS").fetchall()) - 1

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)


@pytest.fixture
def bouncer(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bouncer]:
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer on this machine (Debian: apt install pgbouncer)")
    address = make_url(grounds.database.url).set(username=grounds.role)
    folder = Path(tempfile.mkdtemp(prefix="redflower-bouncer-"))
    made = Bouncer(program, folder, address)
    try:
        made.wait()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def street(grounds: Grounds) -> Iterator[Street]:
    """Opened by the owner, in real time; afterwards walls stand between the communities."""
    with grounds.owner.app_context():
        made = open_street(at=clock.now(), fund_fen=100_000_000)
        clock.move_to(None)
        assert grounds.give(grounds.role, "--walls")[0] == 0
        yield made
        db.session.remove()


@pytest.fixture
def house(bouncer: Bouncer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a house behind PgBouncer, as docs/operation.md has them; also this process's own."""
    settings = {
        "DATABASE_URL": bouncer.url, "DATABASE_WALLS": "yes", "DATABASE_PREPARES": "no", "DATABASE_PATIENCE": "0",
        "SECRET_KEY": "only for tests " * 3, "REDFLOWER_ENV": "production",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


def command(*words: str) -> str:
    """What a command of the house says, through PgBouncer too; it must end well."""
    asked = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    ended = subprocess.run(asked, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_house_behind_pgbouncer_works_under_load(
    grounds: Grounds, street: Street, bouncer: Bouncer, house: dict[str, str], tmp_path: Path
) -> None:
    """Scans, redemptions, pages, and `tick` beside them, behind walls: nothing refused or doubled, books clean."""
    customers = [Customer(street, number) for number in range(CUSTOMERS)]
    visitors = [street.place.volunteer(f"访客{number}") for number in range(VISITORS)]
    activity, poster, admin = patrol(street), street.poster.code, street.place.admin
    db.session.remove()
    server = Server(bouncer.url, house["SECRET_KEY"], tmp_path)
    server.start()
    stopped = threading.Event()
    most, read = 0, 0
    try:
        with ThreadPoolExecutor(CUSTOMERS + 2) as pool:
            runs = [pool.submit(one.work, server, poster, stopped) for one in customers]
            visits = pool.submit(lambda: [visit(server, street, activity, one) for one in visitors])
            ticks = pool.submit(tick_until, stopped)
            try:
                until = time.monotonic() + SECONDS
                while time.monotonic() < until or not visits.done():
                    status, answer = server.call("GET", f"{street.place.url}/members?limit=100", headers=admin.headers)
                    assert status == 200, answer
                    read += 1
                    most = max(most, bouncer.servers())
                clients = bouncer.clients()
            finally:
                stopped.set()
            for run in runs:
                run.result()
            assert visits.result() == [(201, 201)] * VISITORS
    finally:
        server.kill()
    errands = [errand for one in customers for errand in one.errands]
    assert [status for errand in errands for status in errand.refused] == []
    assert 0 < most <= CONNECTIONS < clients, "they share"
    with bouncer.connect() as stranger:
        seen = stranger.execute("SELECT count(*) FROM members").fetchone()
    assert seen == (0,), "what a transaction said of itself was not left to the next one"
    command("books", "seal")
    assert "rows of" in command("backup", str(tmp_path / "night.zip"))
    command("books", "check")
    assert_each_bought_once(errands)
    sys.stdout.write(
        f"\n{len(errands)} redemptions, {VISITORS} visits, {read} pages and {ticks.result()} ticks in {SECONDS} s;"
        f" {clients} connections of ours shared {most}\n"
    )


def patrol(street: Street) -> Activity:
    """An activity that is going on now."""
    admin = street.place.admin.actor
    programme = create_programme(admin, "巡逻", terms=RuleTerms(Basis.PER_HOUR, points=10)).programme
    now = clock.now()
    plan = ActivityPlan(name="巡逻", place="东门", starts_at=now, ends_at=now + timedelta(hours=2))
    return plan_activity(admin, programme.id, unit_id=street.place.grid.id, plan=plan)


def visit(server: Server, street: Street, activity: Activity, who: Neighbour) -> tuple[int, int]:
    """The statuses of coming and going."""

    def scan(kind: str) -> int:
        body = {"activity_id": activity.id.hex, "kind": kind, "via": {"poster_code": activity.poster_code}}
        headers = who.headers | {"Idempotency-Key": f"{who.member_id}-{kind}"}
        return server.call("POST", f"{street.place.url}/checkins", body, headers)[0]

    return scan("in"), scan("out")


def tick_until(stopped: threading.Event) -> int:
    """How often the clock's work was done meanwhile."""
    done = 0
    while not stopped.is_set():
        assert "jobs done" in command("tick")
        done += 1
    return done
