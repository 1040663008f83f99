"""kill -9 in the middle of closing ten thousand lines, and two processes that close at once: one statement, whole."""

from __future__ import annotations

import subprocess
import sys

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.jobs import tick
from ledger.settlement.models import Settlement, SettlementLine
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.crowd import fill_week
from tests.ledger.settlement.office import THIS_WEEK, Office

LINES = 10_000

POINTS = (
    "INSERT INTO settlement_lines",
    "INSERT INTO outbox",  # Ten thousand lines are written, and not committed.
    "COMMIT",
)


def written() -> tuple[int, ...]:
    """Statements, lines, and how often a close is told in the audit."""
    told = select(func.count(AuditLine.id)).where(AuditLine.action == "settlement.close_week")
    counted = (select(func.count(Settlement.id)), select(func.count(SettlementLine.id)), told)
    found = tuple(db.session.scalar(query) or 0 for query in counted)
    db.session.remove()
    return found


@pytest.mark.long
def test_a_close_that_is_killed_leaves_nothing_and_two_at_once_make_one_statement(context: Flask) -> None:
    try:
        office = Office(open_street(fund_fen=10_000_000))
        fill_week(office.street, THIS_WEEK, LINES)
        clock.move_to(clock.week_bounds(THIS_WEEK)[1])
        db.session.remove()
        command = [sys.executable, "-m", "tests.ledger.settlement.closing_worker"]
        command += [context.config["SQLALCHEMY_DATABASE_URI"], str(office.id), THIS_WEEK]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            for point in POINTS:
                print(point, file=worker.stdin, flush=True)
                assert worker.stdout.readline() == "ended -9\n", point
                assert written() == (0, 0, 0), point
            print("together", file=worker.stdin, flush=True)
            said = sorted(worker.stdout.readline() for _ in range(3))
            assert said == ["ended 0 0\n", "made 0\n", "made 1\n"]
            print("after", file=worker.stdin, flush=True)
            assert worker.stdout.readline() == "ended -9\n"
        assert written() == (1, LINES, 3)
        clock.advance(minutes=5)
        tick([office.id])
        assert written()[:2] == (1, LINES)
        [statement] = office.all_statements()
        assert (statement.line_count, statement.net_fen) == (LINES, LINES * 200)
    finally:
        clock.move_to(None)
