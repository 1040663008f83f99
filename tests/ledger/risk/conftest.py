"""The market that the tests of this room play on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.office import Office


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street(fund_fen=10_000_000))
    finally:
        clock.move_to(None)
