"""The checks of the books: what each holds, how it ended last, what to do when it found something; the clock's work."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, render_template

from ledger.book import checking
from ledger.book.checking import Run
from ledger.core import jobs
from web.books import book_reader

page = Blueprint("checks", __name__)


@page.get("/c/<id:community_id>/books/checks")
def list_all() -> Any:
    """Every named check with its newest runs, those that found something first; every job, those that failed first."""
    reader = book_reader()
    shown = [_one(name, list(runs)) for name, runs in groupby(checking.runs(reader), key=_name)]
    return render_template(
        "checks/list.html",
        checks=sorted(shown, key=lambda one: (-one["findings"], one["name"])),
        faulty=sum(one["findings"] > 0 for one in shown),
        ended_at=max((one["ended_at"] for one in shown), default=None),
        jobs=sorted(jobs.runs(reader), key=lambda run: not run.is_failed),
    )


def _name(run: Run) -> str:
    return run.name


def _one(name: str, runs: list[Run]) -> dict[str, Any]:
    """One check; what a run over everything found stands until the next such run, whatever is new since."""
    return {
        "name": name,
        "runs": sorted(runs, key=lambda run: run.ended_at, reverse=True),
        "findings": max(run.findings for run in runs),
        "ended_at": max(run.ended_at for run in runs),
    }
