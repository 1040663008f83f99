"""One list of scenarios comes out the same on both engines, and today as yesterday: golden.json has the outcomes.

A difference is either a fault or a change that is meant; then `python -m tests.conformance` writes the file anew, and
the commit that changes it says why.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from tests.conformance.scenarios import SCENARIOS, outcomes
from tests.conformance.scene import play

GOLDEN = Path(__file__).with_name("golden.json")


def test_every_scenario_comes_out_as_on_the_other_engine_and_as_yesterday(context: Flask) -> None:
    expected, found = json.loads(GOLDEN.read_text()), outcomes()
    assert list(found) == list(expected)
    for name, outcome in found.items():
        assert outcome == expected[name], name


def test_the_slots_that_chance_chooses_have_no_part_in_an_outcome(
    context: Flask, reset_database: Callable[[], None]
) -> None:
    found = []
    for seed in range(3):
        reset_database()
        random.seed(seed)
        found.append(play(SCENARIOS["a_fund_is_charged_to_its_last_fen"], seed=7))
    assert found[0] == found[1] == found[2]


def test_another_seed_gives_other_rows_and_the_same_balances(context: Flask) -> None:
    one, other = (play(SCENARIOS["an_award_with_hours"], seed=seed) for seed in (1, 2))
    assert one["transfers"] != other["transfers"]
    assert one["balances"] == other["balances"]


def test_refusals_and_happy_ends_are_both_many() -> None:
    answers = [
        answer.split()[0] for outcome in json.loads(GOLDEN.read_text()).values() for answer in outcome["answers"]
    ]
    assert len(SCENARIOS) >= 40
    assert len({answer for answer in answers if answer != "done"}) >= 8
