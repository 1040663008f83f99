"""`flask sign-in reset-second-factor`: the way out when a phone and its recovery codes are lost."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from ledger.core.errors import NotFound
from ledger.people import phones, second_factor

sign_in = AppGroup("sign-in", help="Sign-ins of single people.")


@sign_in.command("reset-second-factor")
@click.argument("phone")
def reset_second_factor(phone: str) -> None:
    """Take away a person's second factor and end all their sessions; audited."""
    try:
        person_id = phones.person_with(phone)
        if person_id is None:
            raise NotFound
        second_factor.reset(person_id)
    except (NotFound, ValueError) as error:
        raise click.ClickException("Nobody with this phone has a second factor.") from error
    click.echo("Done. They sign in by code and enrol again.")
