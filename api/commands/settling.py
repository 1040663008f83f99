"""`flask settlements close`: what the clock does every Monday, by hand."""

from __future__ import annotations

from datetime import timedelta

import click
from flask.cli import AppGroup

from ledger.core import clock, walls
from ledger.core.errors import Reason
from ledger.core.tenancy import system_actor
from ledger.people import communities
from ledger.settlement import closing

settlements = AppGroup("settlements", help="Weekly settlement with the merchants.")


@settlements.command("close")
@click.option("--week", help='An ISO week such as "2026-W46"; last week if left out.')
def close(week: str | None) -> None:
    """Draft the statements of a week that is over, in every community; a second run adds nothing."""
    wanted = week or clock.week_of(clock.now() - timedelta(days=7))
    try:
        clock.week_bounds(wanted)
    except ValueError as error:
        raise click.ClickException(f"There is no week {wanted!r}.") from error
    for community_id in communities.all_ids():
        try:
            with walls.inside(community_id):
                drafts = closing.close_week(system_actor(community_id), wanted)
        except Reason as reason:
            raise click.ClickException(reason.sentence("en")) from reason
        click.echo(f"{wanted}: {len(drafts)} statements drafted in community {community_id.hex}")
