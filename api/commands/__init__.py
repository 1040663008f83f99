"""The command line: `flask --app wsgi …`."""

from __future__ import annotations

from flask import Flask

from api.commands import books, periodic, settling, signing_in
from api.commands.demo.commands import demo


def register(app: Flask) -> None:
    app.cli.add_command(books.books)
    app.cli.add_command(periodic.tick)
    app.cli.add_command(settling.settlements)
    app.cli.add_command(signing_in.sign_in)
    app.cli.add_command(demo)
