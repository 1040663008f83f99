"""The street that the tests of this room play on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from tests.ledger.rewards.street import Street, open_street


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    """Friday noon on a street with one bakery; the clock is given back afterwards."""
    try:
        yield open_street()
    finally:
        clock.move_to(None)
