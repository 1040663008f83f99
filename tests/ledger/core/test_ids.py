"""Ids: unique, in the order of time, no guess from one to the next, reproducible when seeded."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.core import clock
from ledger.core.ids import new_id, parse, seeded


def test_ids_rise_within_a_process() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_rise_while_the_clock_stands() -> None:
    with clock.set_to(datetime(2026, 11, 20, tzinfo=UTC)):
        made = [new_id() for _ in range(5_000)]
    assert made == sorted(set(made))


def test_ids_of_a_later_moment_are_above() -> None:
    with clock.set_to(datetime(2026, 11, 20, tzinfo=UTC)):
        earlier = [new_id() for _ in range(1000)]
        clock.advance(milliseconds=1)
        assert new_id() > max(earlier)


def test_ids_made_after_the_clock_was_set_back_are_new() -> None:
    with clock.set_to(datetime(2026, 11, 20, tzinfo=UTC)):
        before = {new_id() for _ in range(1000)}
        clock.advance(hours=1)
        new_id()
        clock.advance(hours=-1)
        assert before.isdisjoint({new_id() for _ in range(1000)})


def test_ids_of_eight_threads_are_all_different() -> None:
    made: list[UUID] = []

    def make() -> None:
        made.extend([new_id() for _ in range(2_000)])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    moment = datetime(2026, 11, 20, 1, 2, 3, 456_000, tzinfo=UTC)
    with clock.set_to(moment):
        made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=made.int >> 80) == moment


def test_the_next_id_is_no_guess() -> None:
    with clock.set_to(datetime(2026, 11, 20, tzinfo=UTC)):
        made = [new_id().int for _ in range(100)]
    steps = {right - left for left, right in itertools.pairwise(made)}
    assert len(steps) == 99


def test_seeded_ids_are_the_same_again() -> None:
    def some() -> list[UUID]:
        with clock.set_to(datetime(2026, 11, 20, tzinfo=UTC)), seeded(7):
            return [new_id() for _ in range(10)]

    assert some() == some()


@pytest.mark.parametrize("text", ["", "x" * 32, "0" * 31, "0" * 33, "{" + "0" * 30 + "}", "小红花", "../../etc/passwd"])
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("text", ["0" * 31 + "A", "+" + "0" * 31, " " + "0" * 31, "0_" + "0" * 30, "１" * 32])
def test_an_id_has_one_spelling(text: str) -> None:
    assert parse(text) is None


def test_an_id_survives_the_way_out_and_in() -> None:
    made = new_id()
    assert parse(made.hex) == made
