"""Chromium in front of the served house. One engine is enough here: what a page does on each is tested in tests/web."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from ledger.core import clock
from tests.browser.people import DESK, PHONE, Person
from tests.browser.town import Town, open_town
from tests.stories import Neighbour

MOST_WAITING_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One engine is left. Not by a second `engine_name`: `app` outlived it, into tests of the other engine."""
    here = Path(__file__).parent
    items[:] = [item for item in items if here not in item.path.parents or "[postgresql" not in item.name]


class Quiet(WSGIRequestHandler):
    """Says nothing of the requests it handles."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """Where the house is served, by threads of this process: so it shares the test's clock."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests of this folder; every person gets a context of their own. As root it has no sandbox.

    It ends with the folder: without a page, too, it takes a fifth of a core, from all tests that follow.
    """
    with sync_playwright() as tool:
        running = tool.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield running
        running.close()


@pytest.fixture
def town(context: Flask, address: str) -> Iterator[Town]:
    """A community with a service and a shop at Friday noon; the clock is given back afterwards."""
    try:
        yield open_town()
    finally:
        clock.move_to(None)


@pytest.fixture
def take(browser: Browser, address: str) -> Iterator[Callable[..., Person]]:
    """`take(neighbour)` is that person with a phone or (`desk=True`) at a desk; `take()` somebody not signed in.

    At the end nobody may have seen a script fail, the policy broken, or a request to another host.
    """
    contexts: list[BrowserContext] = []
    people: list[Person] = []

    def give(
        neighbour: Neighbour | None = None, *, desk: bool = False, javascript: bool = True, language: str = "zh-CN"
    ) -> Person:
        screen = DESK if desk else PHONE
        context = browser.new_context(
            viewport=screen, locale=language, java_script_enabled=javascript, base_url=address
        )
        context.set_default_timeout(MOST_WAITING_MS)
        contexts.append(context)
        person = Person(context, address, neighbour)
        people.append(person)
        return person

    yield give
    for context in contexts:
        context.close()
    assert [complaint for person in people for complaint in person.complaints] == []
