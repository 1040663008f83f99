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

TTL, LOOP, RETRY = 20, 10, 5
"""Seconds: the shortest lease that Patroni allows, how often it is renewed, and how long a node tries to renew it.

What is left of the lease of a leader that dies is between TTL - LOOP and TTL: the rarer it is renewed, the shorter is
the gap. Patroni wants LOOP + 2 * RETRY <= TTL.
"""

NET = "10.77"
"""The first half of the addresses of nodes that stand apart."""

# Only Patroni's interpreter may need to be read by the account; PostgreSQL asks for nothing but not to be root.
CLOSE = ("127.0.0.1/32", f"{NET}.0.0/16")
"""From where the nodes and the house may come."""

AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
MAY_READ = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@dataclass
class Node:
    """One Patroni with its PostgreSQL, in a process group of Patroni's own."""

    name: str
    folder: Path
    address: str = "127.0.0.1"
    within: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    rest: int = field(default_factory=free_port)
    raft: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def configure(self, nodes: list[Node]) -> None:
        """Its file is written."""
        user = {"username": "postgres", "password": "only-for-tests"}
        settings = {
            "scope": "redflower",
            "name": self.name,
            "restapi": dict.fromkeys(("listen", "connect_address"), f"{self.address}:{self.rest}"),
            "raft": {
                "data_dir": str(self.folder / "raft"),
                "self_addr": f"{self.address}:{self.raft}",
                "partner_addrs": [f"{node.address}:{node.raft}" for node in nodes if node is not self],
            },
            "bootstrap": {
                "dcs": {
                    "ttl": TTL,
                    "loop_wait": LOOP,
                    "retry_timeout": RETRY,
                    "primary_start_timeout": 0,  # Another node leads at once; the crashed one is not waited for.
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
                "listen": f"{self.address}:{self.port}",
                "connect_address": f"{self.address}:{self.port}",
                "data_dir": str(self.folder / "data"),
                "bin_dir": str(wheel() / "pginstall" / "bin"),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": user, "replication": user, "rewind": user},
                "parameters": {"unix_socket_directories": str(self.folder)},
                "pg_hba": [
                    "local all all trust",
                    *(f"host {what} all {where} trust" for what in ("all", "replication") for where in CLOSE),
                ],
            },
        }
        (self.folder / "patroni.json").write_text(json.dumps(settings))

    def start(self) -> None:
        """It runs, whatever it becomes."""
        command = [sys.executable, "-m", "patroni", str(self.folder / "patroni.json")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, *([*AS_NOBODY, *MAY_READ] if own_account() else []), *command],
                cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Patroni and PostgreSQL are gone at once, as when the machine loses power."""
        assert self.process is not None
        _kill_group(self.process.pid)
        self.kill_postgres()
        self.process.wait()

    def kill_postgres(self) -> None:
        """PostgreSQL is gone at once, as when memory runs out; its Patroni sees it."""
        postmaster = self.folder / "data" / "postmaster.pid"
        if postmaster.exists():
            _kill_group(int(postmaster.read_text().split()[0]))

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Status and text of its REST answer; status 0 when none came."""
        asked = urllib.request.Request(
            f"http://{self.address}:{self.rest}{path}", json.dumps(body).encode() if body is not None else None
        )
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


class Network:
    """Each node behind a wire of its own, so that it can be cut off from the others and not from the house.

    Linux namespaces; only root may make them. `undo` leaves nothing of them.
    """

    def __init__(self) -> None:
        self._forwards = FORWARDING.read_text()
        FORWARDING.write_text("1")
        self._rules: list[list[str]] = []
        for number in (1, 2, 3):
            _ip("netns", "add", f"rf{number}")
            _ip("link", "add", f"rf{number}", "type", "veth", "peer", "name", "eth0", "netns", f"rf{number}")
            _ip("addr", "add", f"{NET}.{number}.1/30", "dev", f"rf{number}")
            _ip("link", "set", f"rf{number}", "up")
            inside = ("-n", f"rf{number}")
            _ip(*inside, "addr", "add", f"{NET}.{number}.2/30", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip(*inside, "link", "set", device, "up")
            _ip(*inside, "route", "add", "default", "via", f"{NET}.{number}.1")

    def place(self, number: int) -> tuple[str, tuple[str, ...]]:
        """A node's address, and what a command begins with to run there."""
        return f"{NET}.{number}.2", ("ip", "netns", "exec", f"rf{number}")

    def cut_off(self, node: Node, others: list[Node]) -> None:
        """No packet comes from the node to the others, or back; the house still reaches all of them."""
        for other in others:
            for one, two in ((node, other), (other, node)):
                rule = ["from", one.address, "to", two.address, "blackhole"]
                _ip("rule", "add", *rule)
                self._rules.append(rule)

    def mend(self) -> None:
        while self._rules:
            _ip("rule", "del", *self._rules.pop())

    def undo(self) -> None:
        self.mend()
        for number in (1, 2, 3):
            _ip("netns", "del", f"rf{number}")
        FORWARDING.write_text(self._forwards)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


class Cluster:
    """Three nodes; one leads, one follows synchronously, so that a commit is on two disks before it is acknowledged."""

    def __init__(self, network: Network | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="redflower-patroni-", dir="/tmp"))
        self.nodes = [Node(f"node{number}", self._folder / f"node{number}") for number in (1, 2, 3)]
        for number, node in enumerate(self.nodes, 1):
            if network is not None:
                node.address, node.within = network.place(number)
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
            "host": tuple(f"{node.address}:{node.port}" for node in self.nodes),
            "target_session_attrs": "read-write", "connect_timeout": "2",
        }  # fmt: skip
        made = URL.create("postgresql+psycopg", "postgres", "only-for-tests", database="redflower", query=query)
        return made.render_as_string(hide_password=False)

    def leader(self, *, but: Node | None = None) -> Node | None:
        """The node that says it leads; `but` is not asked."""
        return next((node for node in self.nodes if node is not but and node.ask("/primary")[0] == 200), None)

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
        address = f"host={leader.address} port={leader.port} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE redflower TEMPLATE template0")

    def stop(self) -> None:
        """Nothing of it is left."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
