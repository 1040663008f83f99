"""Browsers for tests of pages; and the pages without the house behind them, for their look, words and formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

import web
from api.auth import IdConverter
from ledger.core import clock
from tests.ledger.rewards.street import Street, open_street
from tests.ledger.service.day import Day, open_day
from tests.stories import Neighbour
from tests.web.browser import Browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pages() -> Flask:
    """An app that has only pages, and no database."""
    app = Flask("redflower", root_path=str(ROOT), static_folder="static")
    app.config.update(SECRET_KEY="only for tests", TESTING=True, REDFLOWER_ENV="development")
    app.url_map.converters["id"] = IdConverter
    web.register(app)
    return app


@pytest.fixture
def visit(app: Flask, fresh_database: None) -> Callable[..., Browser]:
    """`visit(person)` is that person's browser, signed in; `visit()` nobody's. `language` is "zh" or "en"."""

    def open_browser(person: Neighbour | None = None, *, language: str = "zh") -> Browser:
        return Browser(app.test_client(), person, language=language)

    return open_browser


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    """The street at Friday noon; the clock is given back afterwards."""
    try:
        yield open_street()
    finally:
        clock.move_to(None)


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """Eight in the morning of a day of service; the clock is given back afterwards."""
    try:
        yield open_day()
    finally:
        clock.move_to(None)
