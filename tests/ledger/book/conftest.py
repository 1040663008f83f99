"""A town with two members for every test of the books; a desk with real people for reversals by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.core import clock
from tests.ledger.book.desk import Desk
from tests.ledger.book.town import Town, open_town
from tests.ledger.rewards.street import open_street
from tests.stories import Neighbour


@pytest.fixture
def town(context: Flask) -> Town:
    return open_town(members=2)


@pytest.fixture
def desk(context: Flask) -> Iterator[Desk]:
    try:
        yield Desk(open_street())
    finally:
        clock.move_to(None)


@pytest.fixture
def lin(desk: Desk) -> Neighbour:
    return desk.street.volunteer(0)
