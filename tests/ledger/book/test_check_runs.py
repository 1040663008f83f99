"""Runs of the checks: what is told of them, what is remembered, and since when something is new."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book import checking
from ledger.book.checking import check_books, run_checks
from ledger.book.models import CheckMark
from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.registry import Part
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_checking import change_an_old_row, checked
from tests.ledger.book.test_checks import lively
from tests.ledger.book.town import Town, open_town

__all__ = ["checked", "lively"]


@pytest.mark.breaks_checks
def test_a_check_that_breaks_off_with_many_words_is_told_with_the_first_of_them(context: Flask) -> None:
    def break_off(part: Part) -> list[registry.Finding]:
        raise ValueError("x" * 600)

    registry.checks["break_off"] = break_off
    try:
        [finding] = run_checks(["break_off"])
    finally:
        del registry.checks["break_off"]
    start = "the check broke off: ValueError: "
    assert finding.detail == start + "x" * (500 - len(start))


def test_a_run_tells_each_check_before_its_turn_and_how_long_it_took(context: Flask) -> None:
    told: list[str] = []
    begun = time.monotonic()

    def take_time(part: Part) -> list[registry.Finding]:
        time.sleep(0.15)
        return []

    registry.checks["take_time"] = take_time
    try:
        results = check_books(new=True, tell=told.append)
    finally:
        del registry.checks["take_time"]
    took = 1000 * (time.monotonic() - begun)
    assert told == [result.name for result in results] == [*registry.checks, "take_time"]
    assert 150 <= results[-1].milliseconds <= took
    assert sum(result.milliseconds for result in results if result.name == "zero_sum") <= took


@pytest.mark.breaks_books
def test_a_remembered_run_of_what_is_new_is_one(checked: Town) -> None:
    """`check_books` leaves to a run over everything what only that looks at, and says which of the two it was."""
    change_an_old_row()
    db.session.remove()
    assert not any(result.findings for result in check_books(new=True) if result.name == "seal_matches")
    assert any(result.findings for result in check_books() if result.name == "seal_matches")


def test_the_oldest_mark_says_since_when_something_is_new(context: Flask) -> None:
    """None until every community was checked once, and after the clock was set back."""
    with clock.set_to(clock.now()):
        assert checking._marked_at() is None
        assert not any(result.findings for result in check_books(new=True)), "a house without anybody in it"
        one = open_town(members=1)
        check_books()
        first = db.session.scalars(select(CheckMark.checked_at)).one()
        assert checking._marked_at() == first
        other = open_town(members=1)
        other.award(other.member_ids[0], 1)
        seal_all(other.id)
        assert checking._marked_at() is None, "the other was never checked"
        clock.advance(hours=1)
        check_books()
        one.award(one.member_ids[0], 1)
        marks = sorted(db.session.scalars(select(CheckMark.checked_at)))
        assert checking._marked_at() == marks[0]
        clock.move_to(marks[-1])
        assert checking._marked_at() == marks[0]
        clock.move_to(marks[-1] - timedelta(microseconds=1))
        assert checking._marked_at() is None
