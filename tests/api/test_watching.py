"""/metrics: how requests went, and how long what waits has waited; the jobs of the clock."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from flask.testing import FlaskClient

from api.health import WOKEN_FOR
from ledger.book.checking import check_books
from ledger.core import clock, registry
from ledger.core.errors import REASONS
from ledger.core.jobs import tick
from tests.ledger.rewards.street import Street, open_street
from tests.ledger.service.feedback_giving import give, leader

MONITORING = Path(__file__).resolve().parents[2] / "docs/monitoring"

COUNTING = """
from api import health
from prometheus_client import generate_latest
health.REFUSALS.labels("forbidden").inc()
print(generate_latest(health._requests()).decode())
"""


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def figures(client: FlaskClient) -> dict[str, float]:
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    return {name: float(figure) for name, _, figure in (line.rpartition(" ") for line in lines if line[0] != "#")}


def watched(client: FlaskClient) -> dict[str, float]:
    found = figures(client)
    return {name: found[f"redflower_{name}"] for name in registry.gauges}


def test_what_waits_is_told_with_its_age(client: FlaskClient, street: Street) -> None:
    tick([street.id])
    street.buy(street.volunteer(30))
    street.reserve(street.volunteer(30))
    give(street.place, leader(street.place))
    clock.advance(minutes=5)
    assert watched(client) == {
        "oldest_unsealed_seconds": 300,
        "oldest_hold_seconds": 300,
        "oldest_unanswered_feedback_seconds": 300,
        "unpaid_fen": 0,
        "failed_jobs": 0,
        "clock_ahead_seconds": 0,
        "oldest_unnumbered_event_seconds": 300,
        "oldest_undelivered_event_seconds": 0,
        "dead_letters": 0,
        "vain_message_attempts": 0,
    }
    clock.advance(days=7)
    tick([street.id])
    found = watched(client)
    assert (found["oldest_unsealed_seconds"], found["oldest_hold_seconds"], found["failed_jobs"]) == (0, 0, 0)
    assert found["unpaid_fen"] > 0


def test_requests_and_refusals_are_counted_by_route_and_reason(client: FlaskClient, street: Street) -> None:
    rule = "/api/v1/communities/<id:community_id>/checks"
    counted = f'redflower_request_seconds_count{{method="GET",rule="{rule}",status="403"}}'
    refused = 'redflower_refusals_total{code="forbidden"}'
    before = figures(client)
    client.get(f"{street.place.url}/checks", headers=street.place.stamper.headers)
    after = figures(client)
    assert [after[name] - before.get(name, 0) for name in (counted, refused)] == [1, 1]


def test_what_somebody_is_woken_for_is_told_before_it_happens(client: FlaskClient) -> None:
    """A counter that first appears with its first refusal has no rise that Prometheus could see."""
    told = figures(client)
    assert {f'redflower_refusals_total{{code="{code}"}}' for code in WOKEN_FOR} <= told.keys()
    assert told["redflower_database_answers"] == 1
    rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    counted = {code for one in re.findall(r'refusals_total{code=~?"([a-z_|]+)"', rules) for code in one.split("|")}
    assert counted <= set(WOKEN_FOR)


def test_all_workers_are_counted_together(tmp_path: Path) -> None:
    where = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _worker in range(2):
        told = subprocess.run([sys.executable, "-c", COUNTING], env=where, capture_output=True, text=True, check=True)
    assert 'redflower_refusals_total{code="forbidden"} 2.0' in told.stdout


def test_every_job_tells_when_it_ran_last(client: FlaskClient, street: Street) -> None:
    told = client.get(f"{street.place.url}/jobs", headers=street.place.supervisor.headers).json["items"]
    assert [one["name"] for one in told] == sorted(registry.jobs)
    assert {one["ended_at"] for one in told} == {None}
    tick([street.id])
    told = client.get(f"{street.place.url}/jobs", headers=street.place.supervisor.headers).json["items"]
    assert {one["ended_at"][:16] for one in told if one["ended_at"]} == {"2026-11-20T04:00"}
    assert not any(one["is_failed"] for one in told)


def test_the_example_dashboard_and_alert_rules_name_only_figures_that_are_told(
    client: FlaskClient, street: Street
) -> None:
    client.get(f"{street.place.url}/checks", headers=street.place.stamper.headers)
    check_books()
    told = {line.split(" ")[2] for line in client.get("/metrics").text.splitlines() if line.startswith("# TYPE ")}
    told |= {f"{name}_{part}" for name in told for part in ("bucket", "count", "sum", "total")}
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = set(re.findall(r"redflower_\w+", " ".join(asked)))
    assert sorted(named - told) == []
    assert {f"redflower_{name}" for name in registry.gauges} <= named
    codes = set(re.findall(r"code=~?\"([a-z_|]+)\"", " ".join(asked)))
    assert {code for one in codes for code in one.split("|")} <= REASONS.keys()
