"""The command line: `flask --app wsgi …`."""

from __future__ import annotations

from flask import Flask

from api.commands import books, periodic
from api.commands.demo.commands import demo


def register(app: Flask) -> None:
    app.cli.add_command(books.books)
    app.cli.add_command(periodic.tick)
    app.cli.add_command(demo)
