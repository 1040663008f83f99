"""`flask books check`: the named checks, silent on success. `flask books seal`: what the clock does every minute."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from ledger.book import checkpoints, seals
from ledger.book.checks import run_checks
from ledger.core.registry import checks
from ledger.people import communities

books = AppGroup("books", help="Check and seal the books.")


@books.command("seal")
def seal() -> None:
    """Seal what was committed, in every community, and close the days that are over; a second run adds nothing."""
    for community_id in communities.all_ids():
        sealed = seals.seal(community_id)
        newest = checkpoints.newest_checkpoint(community_id)
        closed = f"closed through {newest.day} with {newest.size}" if newest is not None else "no day closed yet"
        waiting = seals.waiting(community_id)
        click.echo(f"community {community_id.hex}: {sealed} transfers sealed, {waiting} waiting, {closed}")


@books.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print every check with its findings as JSON.")
def check(as_json: bool) -> None:
    """Run all named checks over every community; exit 1 on any finding."""
    found = {name: run_checks([name]) for name in checks}
    if as_json:
        report = {name: [finding.detail for finding in findings] for name, findings in found.items()}
        click.echo(json.dumps({"clean": not any(found.values()), "checks": report}, ensure_ascii=False, indent=2))
    for finding in (finding for findings in found.values() for finding in findings):
        click.echo(f"{finding.check}: community {finding.community_id.hex}: {finding.detail}", err=True)
    sys.exit(1 if any(found.values()) else 0)
