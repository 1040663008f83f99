"""`flask db roles ROLE`: beside `db upgrade`, run by the same owner of the tables."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ledger.book.roles import RoleRefused, give_rights
from ledger.core.db import db


@click.command("roles")
@click.argument("role")
@with_appcontext
def roles(role: str) -> None:
    """Give ROLE the rights of the running house (PostgreSQL): everything but changing history and the schema."""
    with db.engine.begin() as connection:
        try:
            give_rights(connection, role)
        except RoleRefused as refusal:
            raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{role} may run the house; history and schema are closed to it.")
