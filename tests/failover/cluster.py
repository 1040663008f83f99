"""Three Patroni nodes on loopback, which elect by Raft among themselves and replicate synchronously."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL

from tests.postgres import own_account, wheel
from tests.serving import free_port

TTL, LOOP, RETRY = 20, 8, 6
"""Seconds: the shortest lease that Patroni allows, how often it is renewed, and how long a node tries to renew it."""

# Only Patroni's interpreter may need to be read by the account; PostgreSQL asks for nothing but not to be root.
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
MAY_READ = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@dataclass
class Node:
    """One Patroni with its PostgreSQL, in a process group of Patroni's own."""

    name: str
    folder: Path
    port: int = field(default_factory=free_port)
    rest: int = field(default_factory=free_port)
    raft: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def configure(self, nodes: list[Node]) -> None:
        """Its file is written."""
        loopback = "127.0.0.1"
        user = {"username": "postgres", "password": "only-for-tests"}
        settings = {
            "scope": "redflower",
            "name": self.name,
            "restapi": {"listen": f"{loopback}:{self.rest}", "connect_address": f"{loopback}:{self.rest}"},
            "raft": {
                "data_dir": str(self.folder / "raft"),
                "self_addr": f"{loopback}:{self.raft}",
                "partner_addrs": [f"{loopback}:{node.raft}" for node in nodes if node is not self],
            },
            "bootstrap": {
                "dcs": {
                    "ttl": TTL,
                    "loop_wait": LOOP,
                    "retry_timeout": RETRY,
                    "synchronous_mode": True,
                    "synchronous_mode_strict": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 60, "shared_buffers": "32MB", "wal_log_hints": True},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"{loopback}:{self.port}",
                "connect_address": f"{loopback}:{self.port}",
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(wheel() / "pginstall" / "bin"),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": user, "replication": user, "rewind": user},
                "parameters": {"unix_socket_directories": str(self.folder)},
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.1/32 trust",
                    "host replication all 127.0.0.1/32 trust",
                ],
            },
        }
        (self.folder / "patroni.json").write_text(json.dumps(settings))

    def start(self) -> None:
        """It runs, whatever it becomes."""
        command = [sys.executable, "-m", "patroni", str(self.folder / "patroni.json")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ([*AS_NOBODY, *MAY_READ] if own_account() else []) + command,
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Patroni and PostgreSQL are gone at once, as when the machine loses power."""
        assert self.process is not None
        postmaster = self.folder / "data" / "postmaster.pid"
        groups = [self.process.pid]
        if postmaster.exists():
            groups.append(int(postmaster.read_text().split()[0]))
        for pid in groups:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Status and text of its REST answer; status 0 when none came."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.rest}{path}", json.dumps(body).encode() if body is not None else None
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


class Cluster:
    """Three nodes; one leads, one follows synchronously, so that a commit is on two disks before it is acknowledged."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="redflower-patroni-", dir="/tmp"))
        self.nodes = [Node(f"node{number}", self._folder / f"node{number}") for number in (1, 2, 3)]
        self._folder.chmod(0o755)
        for node in self.nodes:
            node.folder.mkdir()
            node.configure(self.nodes)
            if account := own_account():
                for path in (node.folder, node.folder / "patroni.json"):
                    os.chown(path, account["user"], account["group"])
            node.start()
        self.wait_until_safe(3, seconds=90)

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the house's database on whichever node writes."""
        query = {
            "host": tuple(f"127.0.0.1:{node.port}" for node in self.nodes),
            "target_session_attrs": "read-write", "connect_timeout": "2",
        }  # fmt: skip
        made = URL.create("postgresql+psycopg", "postgres", "only-for-tests", database="redflower", query=query)
        return made.render_as_string(hide_password=False)

    def leader(self) -> Node | None:
        return next((node for node in self.nodes if node.ask("/primary")[0] == 200), None)

    def wait_until_safe(self, size: int, *, seconds: float) -> None:
        """So many nodes run, one leads, and another follows it synchronously."""

        def is_safe() -> bool:
            leader = self.leader()
            if leader is None:
                return False
            members = json.loads(leader.ask("/cluster")[1])["members"]
            well = [member for member in members if member["state"] in ("running", "streaming")]
            return len(well) == size and any(member["role"] == "sync_standby" for member in members)

        self.wait_for(is_safe, seconds=seconds)

    def wait_for(self, holds: Callable[[], bool], *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def said(self) -> str:
        return "\n".join(f"{node.name}\n{(node.folder / 'log').read_text()[-3000:]}" for node in self.nodes)

    def create_database(self) -> None:
        leader = self.leader()
        assert leader is not None
        address = f"host=127.0.0.1 port={leader.port} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE redflower TEMPLATE template0")

    def stop(self) -> None:
        """Nothing of it is left."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
