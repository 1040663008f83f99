"""The month that the tests of this room tell of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from tests.ledger.recognition.month import Month, open_month


@pytest.fixture
def november(context: object) -> Iterator[Month]:
    """A service and a shop at eight in the morning of 20 November; the clock is given back afterwards."""
    try:
        yield open_month()
    finally:
        clock.move_to(None)
