"""Checkpoints as they are listed: days, months, what covers a leaf, and the chain between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from ledger.book import checkpoints
from ledger.core import clock
from ledger.core.errors import NotFound
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.town import Town, open_town

FIRST, LAST = date(2026, 10, 29), date(2026, 11, 3)


@pytest.fixture
def town(context: Flask) -> Iterator[Town]:
    """Something was recorded on the first day and on the third; six days are closed, two of October two leaves late."""
    with clock.set_to(datetime(2026, 10, 29, 1, tzinfo=UTC)):
        town = open_town(members=1)
        town.award(town.member_ids[0], 5)
        clock.advance(days=2)
        town.award(town.member_ids[0], 5)
        clock.advance(days=4)
        seal_all(town.id)
        yield town


def days(town: Town, **asked: Any) -> list[int]:
    return [one.day.day for one in checkpoints.list_checkpoints(town.id, **asked)]


def test_the_list_has_the_newest_first_and_can_be_cut_by_month_and_day_and_number(town: Town) -> None:
    assert days(town) == [3, 2, 1, 31, 30, 29]
    assert days(town, month=date(2026, 10, 1)) == [31, 30, 29]
    assert days(town, month=date(2026, 11, 1)) == [3, 2, 1]
    assert days(town, month=date(2026, 12, 1)) == []
    assert days(town, before=date(2026, 11, 2)) == [1, 31, 30, 29]
    assert days(town, month=date(2026, 11, 1), before=date(2026, 11, 2)) == [1]
    assert days(town, limit=2) == [3, 2]
    assert checkpoints.list_checkpoints(open_town().id) == []


def test_a_page_has_fifty(town: Town) -> None:
    clock.advance(days=50)
    seal_all(town.id)
    assert len(days(town)) == 50
    assert len(days(town, limit=60)) == 56


def test_the_span_is_from_the_first_to_the_last(town: Town) -> None:
    assert checkpoints.span_of(town.id) == (FIRST, LAST)
    assert checkpoints.span_of(open_town().id) is None


def test_a_leaf_is_covered_by_the_first_checkpoint_that_it_is_inside(town: Town) -> None:
    assert [found and found.day.day for found in (checkpoints.covering(town.id, leaf) for leaf in range(3))] == [
        29,
        31,
        None,
    ]
    assert checkpoints.covering(open_town().id, 0) is None


def test_a_day_without_a_checkpoint_is_not_found(town: Town) -> None:
    assert checkpoints.load_checkpoint(town.id, FIRST).size == 1
    for community_id, day in ((town.id, date(2026, 11, 4)), (open_town().id, FIRST)):
        with pytest.raises(NotFound):
            checkpoints.load_checkpoint(community_id, day)


def test_a_chain_leads_from_the_older_to_the_newer_whichever_is_named_first(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for since, until in ((FIRST, LAST), (LAST, FIRST)):
        found = checkpoints.continuation(town.id, since, until)
        assert (found.older.day, found.newer.day) == (FIRST, LAST)
        assert [one.day.day for one in found.chain] == [29, 30, 31, 1, 2, 3]
    monkeypatch.setattr(checkpoints, "MOST_CHAINED", 5)
    assert checkpoints.continuation(town.id, FIRST, LAST).chain == [], "six are more than five"
    assert len(checkpoints.continuation(town.id, date(2026, 10, 30), LAST).chain) == 5
