"""`flask demo seed | token | code | welcome`."""

from __future__ import annotations

import sys
import time
from datetime import datetime

import click
from flask import current_app
from flask.cli import AppGroup

from api.commands.demo import seeding, signing_in
from api.commands.demo.town import CAST, MOST_WEEKS, demo_community
from ledger.core import clock, walls
from ledger.people import communities, deliveries, phones, second_factor, sessions
from ledger.people.models import SessionKind

demo = AppGroup("demo", help="The demo community; refused in production.")


def _refuse_production() -> None:
    if current_app.config["REDFLOWER_ENV"] == "production":
        raise click.ClickException("The demo never reaches real books: REDFLOWER_ENV is production.")


@demo.command("seed")
@click.option("--members", default=400, show_default=True, type=click.IntRange(20, 20_000), help="Volunteers.")
@click.option("--weeks", default=12, show_default=True, type=click.IntRange(1, MOST_WEEKS))
@click.option("--seed", "number", default=20261120, show_default=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day on whose morning it ends; today if left out.")
@click.option("--if-empty", is_flag=True, help="Do nothing where any community exists.")
@walls.above()
def seed(members: int, weeks: int, number: int, until: datetime | None, if_empty: bool) -> None:
    """Make the demo community through the real verbs; a second run adds nothing."""
    _refuse_production()
    if if_empty and communities.all_ids():
        return
    started = time.monotonic()
    day = until.date() if until else clock.today()
    if day > clock.today():
        raise click.ClickException("The story cannot end in the future.")
    if seeding.seed(volunteers=members, weeks=weeks, number=number, until=day, say=click.echo):
        click.echo(f"Done in {time.monotonic() - started:.0f} s.")
    else:
        click.echo("The demo community is there already; nothing was added.")


@demo.command("token")
@click.argument("role", type=click.Choice(sorted(CAST)))
def token(role: str) -> None:
    """Print a bearer token for the demo person of this role."""
    _refuse_production()
    person_id = phones.person_with(CAST[role][1]) if demo_community() else None
    if person_id is None:
        raise click.ClickException("There is no demo community yet: run `flask --app wsgi demo seed`.")
    made, _ = sessions.open_session(person_id, kind=SessionKind.API, label=f"demo {role}", is_strong=True)
    click.echo(made)


@demo.command("totp")
def totp() -> None:
    """Print the six digits of the second treasurer's authenticator (development only)."""
    _refuse_production()
    click.echo(second_factor.digits_of(signing_in.SECRET, clock.now()))


@demo.command("code")
@click.argument("phone")
def code(phone: str) -> None:
    """Print the newest sign-in message to this phone (development only)."""
    _refuse_production()
    try:
        message = deliveries.last_message_to(phone)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if message is None:
        raise click.ClickException("No code waits for this phone; ask for one on the sign-in page first.")
    click.echo("".join(filter(str.isdigit, message.split("，", maxsplit=1)[0])))


@demo.command("welcome")
@click.option("--port", default="5000", envvar="PORT")
def welcome(port: str) -> None:
    """Say how to sign in as each role."""
    if demo_community() is None:
        sys.exit(0)
    click.echo(f"小红花 Red Flower: http://127.0.0.1:{port}\n")
    click.echo("Sign in with one of these phones, then read the code with")
    click.echo("  .venv/bin/flask --app wsgi demo code PHONE\n")
    for role, (name, phone) in CAST.items():
        click.echo(f"  {role:<12} {phone}  {name}")
    click.echo(f"\n  By password and authenticator: {signing_in.PHONE}  {signing_in.NAME} (treasurer)")
    click.echo(f"    password {signing_in.PASSWORD!r}, six digits from: .venv/bin/flask --app wsgi demo totp")
