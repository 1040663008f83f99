"""The day of service that the tests of this room play on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from tests.ledger.service.day import Day, open_day


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """Eight in the morning of the day; the clock is given back afterwards."""
    try:
        yield open_day()
    finally:
        clock.move_to(None)
