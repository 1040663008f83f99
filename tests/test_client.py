"""The program of docs/client.md runs against a served house as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from ledger.core import clock, feed
from ledger.core.db import db
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests.ledger.core.test_feed import settle
from tests.ledger.rewards.street import open_street
from tests.serving import HOUSE, Server


def test_the_program_of_the_document_runs(app: Flask, context: Flask, tmp_path: Path) -> None:
    street = open_street(at=clock.now())
    clock.move_to(None)
    place, volunteer = street.place, street.volunteer(points=100)
    programme = create_programme(place.admin.actor, "巡逻", terms=RuleTerms(Basis.PER_VISIT, points=5)).programme
    now = clock.now()
    plan = ActivityPlan(name="巡逻", place="东门", starts_at=now, ends_at=now + timedelta(hours=2))
    plan_activity(place.admin.actor, programme.id, unit_id=place.grid.id, plan=plan)
    settle(place)
    db.session.remove()
    [source] = re.findall(r"```python\n(.+?)```", (HOUSE / "docs/client.md").read_text(encoding="utf-8"), re.DOTALL)
    server = Server(app.config["SQLALCHEMY_DATABASE_URI"], app.config["SECRET_KEY"], tmp_path)
    server.start()
    try:
        asked = {
            "HOUSE": f"http://127.0.0.1:{server.port}",
            "COORDINATOR": place.coordinator.token,
            "VOLUNTEER": volunteer.token,
            "SUPERVISOR": place.supervisor.token,
            "POSTER": street.poster.code,
        }
        ran = subprocess.run(
            [sys.executable, "-c", source],
            env=os.environ | asked,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        server.kill()
    assert ran.stderr == ""
    checked_in, redeemed, told = ran.stdout.splitlines()
    assert (checked_in, redeemed) == ("checked in: True", "redeemed: confirmed 20")
    settle(place)
    assert "redemption.confirmed" in {one.kind for one in feed.list_events(place.supervisor.actor, limit=500).events}
    # On PostgreSQL another test's transaction may keep the newest events waiting for a moment.
    assert told == "told of it: True" or db.engine.dialect.name == "postgresql"


def test_the_documents_name_what_lists_and_batches_are_asked(client: FlaskClient) -> None:
    """Each order of each list; the batch of offers, a month of seals, a tick's part."""
    document = (HOUSE / "docs/client.md").read_text(encoding="utf-8")
    told = {
        name: tuple(re.findall(r"`(\w+)`", orders))
        for names, orders in re.findall(r"^\| (`[^|]+) \| (`[^|]+) \|$", document, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", names)
    }
    assert told == orders_of_lists(client)
    seals, operation = ((HOUSE / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("seals", "operation"))
    readmes = [(HOUSE / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]
    assert "POST offers/batch" in document
    assert "seals?month=" in seals
    assert all("tick --part" in one for one in (operation, *readmes))


def orders_of_lists(client: FlaskClient) -> dict[str, tuple[str, ...]]:
    """What `sort` may be, by the list's address; the same list as a file has the same."""
    found = {}
    for path, item in client.get("/api/v1/openapi.json").json["paths"].items():
        for question in item.get("get", {}).get("parameters", ()):
            if question.get("name") == "sort" and not path.endswith((".csv", ".xlsx")):
                name = path.removeprefix("/api/v1/").removeprefix("communities/{community_id}/")
                found[name] = tuple(order for order in question["schema"]["enum"] if order)
    return found
