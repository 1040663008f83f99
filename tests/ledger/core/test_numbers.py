"""Numbers that people read out, series without gaps, and money that is never rounded twice."""

from __future__ import annotations

import itertools

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as some

from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.money import fen_for_points, yuan
from ledger.core.numbers import check_character, is_public_number, next_in_series, public_number
from ledger.core.secrets import ALPHABET
from tests.ledger.book.town import at_once


def test_a_public_number_starts_with_the_community_and_checks() -> None:
    number = public_number("NH", new_id())
    assert number.startswith("NH-")
    assert is_public_number(number)


def test_every_single_mistyped_character_is_noticed() -> None:
    number = public_number("NH", new_id())
    for place, right in enumerate(number):
        for wrong in ALPHABET.replace(right, ""):
            assert not is_public_number(number[:place] + wrong + number[place + 1 :]), (number, place, wrong)


def test_neighbours_changed_about_are_noticed_but_those_sixteen_apart() -> None:
    for one, other in itertools.permutations(ALPHABET, 2):
        is_noticed = check_character(f"NH{one}{other}") != check_character(f"NH{other}{one}")
        assert is_noticed == ((ALPHABET.index(one) - ALPHABET.index(other)) % 16 != 0), (one, other)


@pytest.mark.parametrize("text", ["", "NH", "NH-2222-2222", "NH-2222-2222-2-2", "----", "NH-2222-2222-", "小红花"])
def test_what_is_no_number_is_no_number(text: str) -> None:
    assert not is_public_number(text)


def test_numbers_of_many_things_differ() -> None:
    assert len({public_number("NH", new_id()) for _ in range(5000)}) == 5000


def test_a_series_counts_from_one_for_each_community(context: Flask) -> None:
    here, there = new_id(), new_id()
    following = atomic(next_in_series)
    assert [following(here, "W41"), following(here, "W41"), following(there, "W41"), following(here, "W42")] == [
        1,
        2,
        1,
        1,
    ]


def test_the_first_numbers_of_a_series_asked_for_at_once_are_different(context: Flask) -> None:
    here = new_id()
    assert sorted(at_once(context, [lambda: atomic(next_in_series)(here, "W41")] * 12)) == list(range(1, 13))


def test_a_series_has_no_gap_after_a_failure(context: Flask) -> None:
    here = new_id()

    @atomic
    def fail() -> None:
        next_in_series(here, "W41")
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert atomic(next_in_series)(here, "W41") == 1


@pytest.mark.parametrize(("points", "fen"), [(1, 33), (2, 67), (3, 100), (100, 3333), (0, 0)])
def test_points_are_worth_fen_rounded_half_up_once(points: int, fen: int) -> None:
    assert fen_for_points(points, 100, 3) == fen


def test_a_half_goes_up() -> None:
    assert fen_for_points(1, 1, 2) == 1


@given(some.integers(0, 10**6), some.integers(0, 10**6), some.integers(0, 10**5), some.integers(1, 1000))
def test_more_points_are_never_worth_less(points: int, more: int, rate_fen: int, rate_points: int) -> None:
    assert fen_for_points(points + more, rate_fen, rate_points) >= fen_for_points(points, rate_fen, rate_points)


@pytest.mark.parametrize(("fen", "shown"), [(0, "0.00"), (5, "0.05"), (1234567, "12,345.67"), (-101, "-1.01")])
def test_fen_are_shown_as_yuan(fen: int, shown: str) -> None:
    assert yuan(fen) == shown
