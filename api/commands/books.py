"""`flask books check`: the named checks, silent on success. `flask books seal`: what the clock does every minute."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from flask.cli import AppGroup

from ledger.book import checking, checkpoints, seals
from ledger.book.checking import Result
from ledger.core import walls
from ledger.core.registry import checks
from ledger.people import communities

books = AppGroup("books", help="Check and seal the books.")


@books.command("seal")
def seal() -> None:
    """Seal what was committed, in every community, and close the days that are over; a second run adds nothing."""
    for community_id in communities.all_ids():
        with walls.inside(community_id):
            sealed = seals.seal(community_id)
            newest = checkpoints.newest_checkpoint(community_id)
            waiting = seals.waiting(community_id)
        closed = f"closed through {newest.day} with {newest.size}" if newest is not None else "no day closed yet"
        click.echo(f"community {community_id.hex}: {sealed} transfers sealed, {waiting} waiting, {closed}")


@books.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print every check with its findings as JSON.")
@click.option("--new", is_flag=True, help="Look only at what came after the last run that found nothing.")
@walls.above()
def check(as_json: bool, new: bool) -> None:
    """Run all named checks over every community; silent on success, exit 1 on any finding.

    On PostgreSQL a line says when it may be slow, because rows were never counted and only their owner may do so.
    """
    if tables := ", ".join(checking.uncounted(ours=False)):
        click.echo(f"May be slow until the owner of {tables} runs ANALYZE, or autovacuum does.", err=True)
    results = _run_with_progress(new=new)
    if as_json:
        click.echo(json.dumps(_report(results, new=new), ensure_ascii=False, indent=2))
    findings = [finding for result in results for finding in result.findings]
    for finding in findings:
        click.echo(f"{finding.check}: community {finding.community_id.hex}: {finding.detail}", err=True)
    sys.exit(1 if findings else 0)


def _run_with_progress(*, new: bool) -> list[Result]:
    """The bar is for people: it goes to a terminal only, and never into what a program reads."""
    if not sys.stderr.isatty():
        return checking.check_books(new=new)
    with click.progressbar(length=len(checks), file=sys.stderr, item_show_func=lambda name: name or "") as bar:
        return checking.check_books(new=new, tell=lambda name: bar.update(1, name))


def _report(results: list[Result], *, new: bool) -> dict[str, Any]:
    found = {result.name: [finding.detail for finding in result.findings] for result in results}
    took = {result.name: result.milliseconds for result in results}
    return {"clean": not any(found.values()), "scope": "new" if new else "full", "checks": found, "milliseconds": took}
