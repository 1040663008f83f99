"""A real server of the house for tests: gunicorn in a process group of its own, that can be killed without mercy."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.logs import PERSONAL

HOUSE = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The house on a database, served on a free port of loopback as in production: it logs every request.

    What its processes say goes to files in the folder, and is read each time that it ends: the log is their standard
    output, the other one gunicorn's.
    """

    def __init__(self, url: str, secret: str, folder: Path, *, workers: int = 2) -> None:
        self.port = free_port()
        self._said, self._else = (folder / f"server-{self.port}.{ending}" for ending in ("log", "err"))
        self._workers = workers
        self._counted = folder / f"metrics-{self.port}"
        self._environment = os.environ | {
            "DATABASE_URL": url,
            "SECRET_KEY": secret,
            "REDFLOWER_ENV": "production",
            "PROMETHEUS_MULTIPROC_DIR": str(self._counted),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """It answers afterwards."""
        command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{self.port}", "--threads", "4"]
        self._counted.mkdir(exist_ok=True)
        with self._said.open("wb") as said, self._else.open("wb") as else_said:
            self._process = subprocess.Popen(
                [*command, "--workers", str(self._workers)],
                cwd=HOUSE,
                env=self._environment,
                start_new_session=True,
                stdout=said,
                stderr=else_said,
            )
        deadline = time.monotonic() + 30
        while self.call("GET", "/readyz")[0] != 200:
            assert time.monotonic() < deadline, "the server does not come up"
            time.sleep(0.05)

    def kill(self) -> None:
        """Every process of it is gone at once, in the middle of whatever it did; it has said nothing personal."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        said, else_said = (file.read_text(errors="replace").splitlines() for file in (self._said, self._else))
        assert any('"rule": "/readyz"' in line for line in said), "it logs what it is asked"
        assert [line for line in said + else_said if PERSONAL.search(line)] == []

    def workers(self) -> set[int]:
        """The processes that answer requests; the master only watches them."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return {int(child) for child in children.split()}

    def answering(self) -> set[int]:
        """Those that have answered a request, the present one's maybe: each keeps its figures in files of its own."""
        self.call("GET", "/readyz")
        return {worker for worker in self.workers() if (self._counted / f"histogram_{worker}.db").exists()}

    def kill_worker(self, worker: int) -> None:
        """This one is gone in the middle of whatever it did; the others and the master are not."""
        assert worker in self.workers(), "only a process that we started"
        os.kill(worker, signal.SIGKILL)

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer; status 0 when none came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {"Content-Type": "application/json"} | dict(headers or {})
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else {}
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()
