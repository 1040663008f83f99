"""The command line: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from ledger.core import clock, jobs, registry
from ledger.core.db import atomic, db
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import NOON, open_street
from tests.serving import HOUSE
from tests.stories import open_neighbourhood

BROKEN = """
from ledger.core import registry
from wsgi import app

registry.checks["broken"] = lambda part: [][0]
"""
"""The house, and a check that breaks off: it is a finding, and a line in the log."""


def test_books_check_is_silent_on_success(context: Flask) -> None:
    open_neighbourhood()
    result = context.test_cli_runner().invoke(args=["books", "check"])
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.breaks_books
def test_books_check_names_what_it_finds_and_ends_with_one(context: Flask) -> None:
    place = open_neighbourhood()
    person = place.volunteer()
    break_books = text("UPDATE balances SET balance = 7 WHERE slot = 0 AND NOT limited")
    atomic(lambda: db.session.execute(break_books))()
    result = context.test_cli_runner().invoke(args=["books", "check", "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["clean"]
    assert report["checks"]["balances_match"]
    assert person.name not in result.output


def test_what_a_command_logs_is_no_part_of_what_it_answers(context: Flask, tmp_path: Path) -> None:
    open_neighbourhood()
    (tmp_path / "broken.py").write_text(BROKEN)
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "broken", "books", "check", "--json"],
        cwd=HOUSE,
        env=os.environ | served_as(context) | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{HOUSE}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert [name for name, found in json.loads(ended.stdout)["checks"].items() if found] == ["broken"]
    [line] = [json.loads(one) for one in ended.stderr.splitlines() if one.startswith("{")]
    assert (line["event"], line["check"]) == ("check_broke_off", "broken")


def served_as(house: Flask) -> dict[str, str]:
    """The environment of another process of the same house."""
    return {
        "DATABASE_URL": house.config["SQLALCHEMY_DATABASE_URI"],
        "DATABASE_WALLS": "yes" if house.config.get("DATABASE_WALLS") else "no",
        "SECRET_KEY": house.config["SECRET_KEY"],
        "REDFLOWER_ENV": "production",
    }


def test_tick_does_what_is_due_once(context: Flask) -> None:
    open_neighbourhood()
    with clock.set_to(NOON):
        first = context.test_cli_runner().invoke(args=["tick"])
        second = context.test_cli_runner().invoke(args=["tick"])
    assert first.exit_code == second.exit_code == 0
    assert not first.output.startswith("0 jobs")
    assert second.output.startswith("0 jobs")


def test_the_parts_of_a_tick_together_do_what_is_due_once(context: Flask) -> None:
    places = [open_neighbourhood(name).id for name in ("南华社区", "北塔社区", "西门社区")]
    with clock.set_to(NOON):
        outputs = [context.test_cli_runner().invoke(args=["tick", "--part", f"{n}/2"]).output for n in (1, 2)]
        rest = context.test_cli_runner().invoke(args=["tick"]).output
    done = [int(output.split(" ")[0]) for output in outputs]
    assert done == [len(registry.jobs) * len(jobs.part_of(places, n, 2)) for n in (1, 2)]
    assert rest.startswith("0 jobs")


@pytest.mark.parametrize("part", ["0/2", "3/2", "2", "a/b", "1/0", "-1/2"])
def test_a_part_that_is_none_is_refused(context: Flask, part: str) -> None:
    result = context.test_cli_runner().invoke(args=["tick", "--part", part])
    assert (result.exit_code, "is no part" in result.output) == (2, True)


def test_books_seal_says_what_it_did_for_each_community(context: Flask) -> None:
    try:
        street = open_street()
        street.buy(street.volunteer(100))
        clock.advance(days=1)
        runner = context.test_cli_runner()
        outputs = [runner.invoke(args=["books", "seal"]).output]
        seal_all(street.id)
        outputs.append(runner.invoke(args=["books", "seal"]).output)
    finally:
        clock.move_to(None)
    assert outputs[0].startswith(f"community {street.id.hex}: ")
    assert outputs[1] == (
        f"community {street.id.hex}: 0 transfers sealed, 0 waiting, closed through {NOON.date()} with 4\n"
    )


def test_settlements_close_drafts_last_week_once(context: Flask) -> None:
    try:
        street = open_street()
        street.buy(street.volunteer(100))
        clock.advance(days=7)
        runner = context.test_cli_runner()
        outputs = [runner.invoke(args=["settlements", "close"]).output for _ in range(2)]
    finally:
        clock.move_to(None)
    assert "1 statements" in outputs[0]
    assert "0 statements" in outputs[1]


@pytest.mark.parametrize("week", ["2026-W99", "soon", "2999-W01"])
def test_a_week_that_cannot_be_closed_ends_with_a_sentence(context: Flask, week: str) -> None:
    open_neighbourhood()
    result = context.test_cli_runner().invoke(args=["settlements", "close", "--week", week])
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_demo_seed_leaves_a_real_community_alone(context: Flask) -> None:
    open_neighbourhood()
    result = context.test_cli_runner().invoke(args=["demo", "seed", "--if-empty"])
    assert (result.exit_code, result.output) == (0, "")
