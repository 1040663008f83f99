"""`flask db roles ROLE`: beside `db upgrade`, run by the same owner of the tables."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ledger.book.roles import RoleRefused, build_walls, give_rights, has_walls, take_walls_down
from ledger.core.db import db


@click.command("roles")
@click.argument("role")
@click.option(
    "--walls/--no-walls",
    default=None,
    help="Row-level security between communities, for all but the owner. Left out: as it is, new tables included.",
)
@with_appcontext
def roles(role: str, walls: bool | None) -> None:
    """Give ROLE the rights of the running house (PostgreSQL): everything but changing history and the schema."""
    with db.engine.begin() as connection:
        try:
            give_rights(connection, role)
        except RoleRefused as refusal:
            raise click.ClickException(str(refusal)) from refusal
        wanted = has_walls(connection) if walls is None else walls
        (build_walls if wanted else take_walls_down)(connection)
    click.echo(f"{role} may run the house; history and schema are closed to it.")
    if wanted:
        click.echo("Walls stand between communities: the house needs DATABASE_WALLS=yes.")
