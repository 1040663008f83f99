"""`flask tick`: all periodic work that is due. Run it every minute by cron or a systemd timer."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ledger.book import checking
from ledger.core import jobs, outgoing, walls
from ledger.people import communities, deliveries, webhook_delivery


@click.command()
@with_appcontext
def tick() -> None:
    """Do all due periodic work, and check the books when it is time; safe to run twice at once."""
    done = jobs.tick(communities.all_ids())
    told = webhook_delivery.deliver_waiting(communities.all_ids(), outgoing.post)
    sent = deliveries.deliver_waiting()
    with walls.above():
        findings = checking.check_when_due()
    checked = "" if findings is None else f", books checked: {len(findings)} findings"
    click.echo(f"{done} jobs done, {sent} messages and {told} events delivered{checked}")
