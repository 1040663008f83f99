"""The command line: `flask --app wsgi …`."""

from __future__ import annotations

from flask import Flask
from flask_migrate.cli import db as migrations

from api.commands import backups, books, periodic, roles, settling, signing_in
from api.commands.demo.commands import demo


def register(app: Flask) -> None:
    app.cli.add_command(books.books)
    app.cli.add_command(backups.backup)
    app.cli.add_command(backups.restore)
    app.cli.add_command(periodic.tick)
    app.cli.add_command(settling.settlements)
    app.cli.add_command(signing_in.sign_in)
    app.cli.add_command(demo)
    migrations.add_command(roles.roles)
