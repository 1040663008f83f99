"""`flask books check`: the named checks, silent on success."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import AppGroup

from ledger.book.checks import run_checks
from ledger.core.registry import checks

books = AppGroup("books", help="Check the books.")


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
