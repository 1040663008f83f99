"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from ledger.core import clock
from tests.api.shopping import Shopping, open_shopping
from tests.ledger.service.day import NINE, Day, open_day


@pytest.fixture
def shopping(context: object, client: FlaskClient) -> Iterator[Shopping]:
    """A street with a bakery, and a client in front of it."""
    with open_shopping(client) as found:
        yield found


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """An activity of the neighbourhood at nine o'clock, when it begins."""
    try:
        found = open_day()
        clock.move_to(NINE)
        yield found
    finally:
        clock.move_to(None)
