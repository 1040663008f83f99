"""`flask tick`: all periodic work that is due. Run it every minute by cron or a systemd timer."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ledger.book import checking
from ledger.core import jobs, outgoing, walls
from ledger.core.db import clock_ahead_seconds
from ledger.people import communities, deliveries, webhook_delivery


@click.command()
@with_appcontext
def tick() -> None:
    """Do all due periodic work, and check the books when it is time; safe to run twice at once.

    With another clock than the database's it does nothing: points would expire and weeks close on the wrong day.
    """
    ahead = clock_ahead_seconds()
    if abs(ahead) > jobs.CLOCKS_APART_SECONDS:
        raise click.ClickException(
            f"This machine's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} the database's. "
            "Nothing was done: set the clocks (NTP), then run it again."
        )
    done = jobs.tick(communities.all_ids())
    told = webhook_delivery.deliver_waiting(communities.all_ids(), outgoing.post)
    sent = deliveries.deliver_waiting()
    with walls.above():
        findings = checking.check_when_due()
    checked = "" if findings is None else f", books checked: {len(findings)} findings"
    click.echo(f"{done} jobs done, {sent} messages and {told} events delivered{checked}")
