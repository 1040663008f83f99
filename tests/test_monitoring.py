"""docs/monitoring is loaded for real: the rules and the dashboard by promtool, /metrics by a Prometheus."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import text

from ledger.book.checking import check_books
from ledger.core import clock
from ledger.core.db import db
from ledger.core.jobs import tick
from tests.ledger.rewards.street import Street, open_street
from tests.serving import Server, free_port

MONITORING = Path(__file__).resolve().parent.parent / "docs/monitoring"


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def dashboard() -> list[str]:
    """What its panels ask."""
    read = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in read["panels"] for target in panel["targets"]]


def test_every_alert_is_shown_silent_and_loud() -> None:
    tests = yaml.safe_load((MONITORING / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    shown = [one for test in tests for one in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in rules()}
    assert {one["alertname"] for one in shown if one["exp_alerts"]} == alerts
    assert {one["alertname"] for one in shown if not one["exp_alerts"]} == alerts


@pytest.fixture
def promtool() -> Callable[..., None]:
    """promtool with these words, in docs/monitoring; it must find nothing."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool on this machine (Debian: apt install prometheus)")

    def run(*words: str | Path) -> None:
        ended = subprocess.run([program, *words], cwd=MONITORING, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    return run


@pytest.mark.long
def test_the_rules_do_what_they_are_shown_to_do(promtool: Callable[..., None]) -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("test", "rules", "alerts_test.yml")


@pytest.mark.long
def test_every_question_of_the_dashboard_is_one(promtool: Callable[..., None], tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": asked} for number, asked in enumerate(dashboard())]
    questions = tmp_path / "dashboard.yml"
    questions.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    promtool("check", "rules", questions)


class Prometheus:
    """A Prometheus with our rules, which asks the house on a port every second."""

    def __init__(self, program: str, folder: Path, house: int) -> None:
        self._port = free_port()
        settings = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        settings["rule_files"] = [str(MONITORING / "alerts.yml")]
        settings["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{house}"]
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(settings))
        with (folder / "prometheus.log").open("wb") as said:
            self._process = subprocess.Popen(
                [
                    *(program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'series'}"),
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=said,
                stderr=said,
            )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def ask(self, path: str, **asked: str) -> Any:
        """The data of its answer; {} while it is not up."""
        address = f"http://127.0.0.1:{self._port}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            return {}
        assert told["status"] == "success", told
        return told["data"]

    def rows(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("query", query=query).get("result", [])
        return found

    def alerts(self) -> dict[str, str]:
        """Those that are pending or firing."""
        return {one["labels"]["alertname"]: one["state"] for one in self.ask("alerts")["alerts"]}


def wait_until(holds: Callable[[], Any], what: str, *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture
def street(context: Flask) -> Iterator[Street]:
    found = open_street(at=clock.now())
    clock.move_to(None)
    yield found
    clock.move_to(None)


@pytest.mark.night
@pytest.mark.breaks_books
def test_a_prometheus_reads_the_house_and_wakes_whom_it_should(app: Flask, street: Street, tmp_path: Path) -> None:
    """Its figures come in, every panel has an answer, books that do not check are told, and so is a silent house."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no prometheus on this machine (Debian: apt install prometheus)")
    street.buy(street.volunteer(40))
    tick([street.id])
    check_books()
    check_books(new=True)
    db.session.remove()
    server = Server(app.config["SQLALCHEMY_DATABASE_URI"], app.config["SECRET_KEY"], tmp_path)
    server.start()
    prometheus = Prometheus(program, tmp_path, server.port)
    try:
        try:
            reads_and_wakes(prometheus, server, street)
        finally:
            server.kill()
        wait_until(lambda: "HouseSilent" in prometheus.alerts(), "a silent house is noticed")
    finally:
        prometheus.stop()


def reads_and_wakes(prometheus: Prometheus, server: Server, street: Street) -> None:
    wait_until(lambda: prometheus.rows("up == 1"), "the house is read")
    for _ in range(3):
        server.call("GET", f"{street.place.url}/members")
        time.sleep(1.5)
    assert [asked for asked in dashboard() if not prometheus.rows(asked)] == []
    read = prometheus.ask("rules")["groups"][0]["rules"]
    assert {rule["name"]: rule["health"] for rule in read} == {rule["alert"]: "ok" for rule in rules()}
    assert prometheus.alerts() == {}, "nothing is wrong, and nothing cries"
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE balances SET balance = balance + 1"))
    check_books()
    wait_until(lambda: prometheus.alerts() == {"BooksDoNotCheck": "firing"}, "books that do not check are told")
