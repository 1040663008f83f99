"""`flask tick`: all periodic work that is due. Run it every minute by cron or a systemd timer."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import with_appcontext

from ledger.book import checking
from ledger.core import jobs, outgoing, walls
from ledger.core.db import clock_ahead_seconds
from ledger.people import communities, deliveries, webhook_delivery


class Part(click.ParamType[tuple[int, int]]):
    name = "K/N"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        number, _, count = str(value).partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            self.fail(f"{value!r} is no part: 2/8 is the second of eight.", parameter, context)
        return int(number), int(count)


@click.command()
@click.option("--part", type=Part(), default="1/1", help="only this part of the communities: 2/8, the second of eight")
@with_appcontext
def tick(part: tuple[int, int]) -> None:
    """Do all due periodic work, and check the books when it is time; safe to run twice at once.

    Where one walk through all communities takes longer than its minute, each of N machines takes its --part;
    the first one sends the messages to phones.

    With another clock than the database's it does nothing: points would expire and weeks close on the wrong day.
    """
    ahead = clock_ahead_seconds()
    if abs(ahead) > jobs.CLOCKS_APART_SECONDS:
        raise click.ClickException(
            f"This machine's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} the database's. "
            "Nothing was done: set the clocks (NTP), then run it again."
        )
    ours = jobs.part_of(communities.all_ids(), *part)
    done = jobs.tick(ours)
    told = webhook_delivery.deliver_waiting(ours, outgoing.post)
    sent = deliveries.deliver_waiting() if part[0] == 1 else 0
    with walls.above():
        findings = checking.check_when_due()
    checked = "" if findings is None else f", books checked: {len(findings)} findings"
    click.echo(f"{done} jobs done, {sent} messages and {told} events delivered{checked}")
