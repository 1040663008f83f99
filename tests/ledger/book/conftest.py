"""A town with two members for every test of the books; a desk with real people for reversals by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.core import clock
from tests.ledger.book.desk import Desk
from tests.ledger.book.town import Town, open_town
from tests.ledger.rewards.street import open_street
from tests.logs import LOGGED
from tests.stories import Neighbour


@pytest.fixture(autouse=True)
def no_check_broke_off(request: pytest.FixtureRequest) -> Iterator[None]:
    """A check that breaks off has a finding of its name, too: a planted fault is found by one that has read it."""
    yield
    if request.node.get_closest_marker("breaks_checks") is None:
        assert [line for line in LOGGED if "check_broke_off" in line] == []


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
