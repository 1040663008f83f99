"""The page behind a poster: small, alone, cheap for the engine, and as quick with a long history behind it."""

from __future__ import annotations

import gzip
import re
import statistics
import sys
import time
from collections.abc import Callable

import pytest

from tests.counting import counted_statements
from tests.ledger.service.crowd import copy_visits
from tests.ledger.service.day import NINE, Day
from tests.stories import Neighbour, next_phone
from tests.web.browser import Browser
from tests.web.test_checkins import press, scan

MOST_STATEMENTS = 8


@pytest.fixture
def volunteer(day: Day) -> Neighbour:
    return day.place.volunteer()


@pytest.mark.parametrize("step", ["signed in", "phone", "code"])
def test_the_page_is_one_answer_of_at_most_14_kb_without_script_or_foreign_host(day, volunteer, visit, step):
    browser = visit(volunteer if step == "signed in" else None)
    scan(browser, day)
    if step == "code":
        press(browser, day, phone=next_phone())
    assert len(gzip.compress(browser.page.encode())) <= 14 * 1024
    assert "<script" not in browser.page
    assert 'rel="stylesheet"' not in browser.page
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', browser.page)


def test_the_page_takes_at_most_eight_statements_whoever_looks_at_it(day, volunteer, visit):
    stranger, browser = visit(), visit(volunteer)
    assert statements_of_a_scan(stranger, day) <= MOST_STATEMENTS
    assert statements_of_a_scan(browser, day) <= MOST_STATEMENTS
    day.arrive(volunteer, NINE, to=day.another_activity())
    assert statements_of_a_scan(browser, day) <= MOST_STATEMENTS, "who is still elsewhere"
    press(browser, day)
    assert statements_of_a_scan(browser, day) <= MOST_STATEMENTS, "who leaves"


@pytest.mark.long
def test_with_a_hundred_thousand_visits_behind_it_the_page_takes_as_many_statements_and_hardly_more_time(
    day, volunteer, visit
):
    earlier, browser = day.another_activity(), visit(volunteer)
    day.stamp([day.served(volunteer, to=earlier).id])
    alone = quietest_p95(lambda: scan(browser, day))
    copy_visits(earlier, count=100_000)
    assert statements_of_a_scan(browser, day) <= MOST_STATEMENTS
    behind = quietest_p95(lambda: scan(browser, day))
    sys.stdout.write(f"\nThe page, p95: {alone * 1000:.1f} ms with one visit, {behind * 1000:.1f} ms with 100,000\n")
    assert behind <= 2 * alone


def quietest_p95(call: Callable[[], object]) -> float:
    """Of three rounds, for others use this machine too; in seconds."""
    return min(p95_of(call) for _ in range(3))


def p95_of(call: Callable[[], object], *, count: int = 40) -> float:
    """In seconds."""
    took = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return statistics.quantiles(took, n=20)[-1]


def statements_of_a_scan(browser: Browser, day: Day) -> int:
    with counted_statements() as seen:
        assert scan(browser, day).status_code == 200
    return len(seen)


def test_what_the_page_asks_for_has_at_most_two_fields_and_no_password(day, visit):
    browser, phone = visit(), next_phone()
    scan(browser, day)
    first = re.findall(r'<input id="(\w+)"', browser.page)
    press(browser, day, phone=phone)
    second = re.findall(r'<input id="(\w+)"', browser.page)
    assert (first, second) == (["phone"], ["code"])
    assert 'type="password"' not in browser.page
