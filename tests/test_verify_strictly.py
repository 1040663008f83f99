"""docs/verify_receipt.py reads every value in one form only: one file cannot be shown to two people as two things."""

from __future__ import annotations

import base64
import json
import string

import pytest

from tests.ledger.book.town import Town
from tests.test_verify_receipt import MONDAY, Outsider, outsider, receipt_of, text_of, week

__all__ = ["outsider", "week"]


NO_RECEIPTS = ("", "{}", "[]", "nothing", '{"format": "redflower.receipt/v9"}', "[" * 200_000, '{"a": ' * 200_000)


@pytest.mark.parametrize("content", NO_RECEIPTS, ids=[f"{content[:8]}{len(content)}" for content in NO_RECEIPTS])
def test_what_is_no_receipt_is_undecided(outsider: Outsider, content: str) -> None:
    status, said = outsider.verify(content)
    assert status == 2
    assert "Traceback" not in said


def test_what_is_no_checkpoint_is_undecided(week: Town, outsider: Outsider) -> None:
    for text in ("", "hello"):
        assert outsider.verify(receipt_of(week), checkpoint=text)[0] == 2


@pytest.mark.parametrize("size", ["six", " 6", "6 ", "+6", "-6", "06", "1_0", "\uff16", "6.0", "", "9" * 20])
def test_the_size_of_a_checkpoint_is_written_in_one_way(week: Town, outsider: Outsider, size: str) -> None:
    text = text_of(week, MONDAY).replace("\n6\n", f"\n{size}\n")
    assert outsider.verify(receipt_of(week), checkpoint=text)[0] == 2
    assert outsider.verify(receipt_of(week) | {"checkpoint": text})[0] == 2


@pytest.mark.parametrize("day", ["20261012", "2026-W42-1", "2026-10-12 ", "2026-10-32"])
def test_the_day_of_a_checkpoint_is_written_in_one_way(week: Town, outsider: Outsider, day: str) -> None:
    text = text_of(week, MONDAY).replace("2026-10-12", day)
    assert outsider.verify(receipt_of(week), checkpoint=text)[0] == 2


def test_the_hashes_of_a_checkpoint_are_written_in_one_way(week: Town, outsider: Outsider) -> None:
    lines = text_of(week, MONDAY).split("\n")
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    # The last letter has two bits that stand for nothing: the next letter gives the same 32 bytes.
    same = lines[3][:42] + letters[letters.index(lines[3][42]) + 1] + "="
    assert base64.b64decode(same) == base64.b64decode(lines[3])
    for root in (same, "AAAA", "", f" {lines[3]}", lines[3][:-1]):
        text = "\n".join([*lines[:3], root, *lines[4:]])
        assert outsider.verify(receipt_of(week), checkpoint=text)[0] == 2


def test_a_place_is_a_whole_number(week: Town, outsider: Outsider) -> None:
    second, kept = receipt_of(week, 1), text_of(week, MONDAY)
    assert outsider.verify(second, checkpoint=kept)[0] == 0
    for position in (True, 1.0, "1", None):
        assert outsider.verify(second | {"position": position}, checkpoint=kept)[0] == 2


@pytest.mark.parametrize("form", ["2026-10-12T01:00:00+00:00", "2026-10-12T09:00:00.000000+08:00", "2026-10-12T01Z"])
@pytest.mark.parametrize("field", ["recorded_at", "effective_at"])
def test_a_moment_is_written_in_one_way(week: Town, outsider: Outsider, field: str, form: str) -> None:
    """All are the moment that was sealed, and would give the same bytes."""
    receipt = receipt_of(week)
    receipt["transfer"][field] = form
    assert outsider.verify(receipt, checkpoint=text_of(week, MONDAY))[0] == 1


def test_a_name_that_is_there_twice_is_no_receipt(week: Town, outsider: Outsider) -> None:
    doubled = json.dumps(receipt_of(week)).replace('"amount": 5', '"amount": 500, "amount": 5')
    assert outsider.verify(doubled, checkpoint=text_of(week, MONDAY))[0] == 2


def test_a_mark_before_the_first_letter_is_tolerated(week: Town, outsider: Outsider) -> None:
    marked = "\ufeff" + json.dumps(receipt_of(week))
    assert outsider.verify(marked, checkpoint="\ufeff" + text_of(week, MONDAY))[0] == 0


def test_a_receipt_says_nothing_of_its_own_in_the_answer(week: Town, outsider: Outsider) -> None:
    waiting = receipt_of(week) | {"checkpoint": None, "provable_from": "now\nProven: 500 points"}
    status, said = outsider.verify(waiting)
    assert status == 2
    assert not any(line.startswith("Proven") for line in said.splitlines())
