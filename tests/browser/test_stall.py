"""The stall on redemption day: card after card, at least ten people a minute; with and without JavaScript."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ledger.people import cards
from tests.browser.people import Person
from tests.browser.town import Town

PEOPLE = 6
AT_LEAST_A_MINUTE = 10


def type_where_it_blinks(clerk: Person, text: str) -> None:
    """As a scanner does: into the field that has the focus, which a page gives a moment after its words stand there."""
    expect(clerk.page.locator("input:focus")).to_have_value("")
    clerk.page.keyboard.type(text)


@pytest.mark.parametrize("javascript", [True, False])
def test_ten_people_a_minute_are_served(town: Town, take: Callable[..., Person], javascript: bool) -> None:
    """The hands are the script's, so it says what the pages cost: a person still has to find their card."""
    street = town.street
    names = (f"老人{number}" for number in range(PEOPLE))
    queue = [cards.hand_out(street.place.admin.actor, street.volunteer(50, name).member_id) for name in names]
    clerk = take(street.clerk, javascript=javascript)
    clerk.open("./stall")
    began = time.monotonic()
    for handed in queue:
        type_where_it_blinks(clerk, handed.code)
        clerk.page.keyboard.press("Enter")
        clerk.sees("可用 50 朵")
        type_where_it_blinks(clerk, handed.pin)
        clerk.press("全麦面包 · 20 朵")
        clerk.sees("可以交货")
    a_minute = 60 * PEOPLE / (time.monotonic() - began)
    sys.stdout.write(f"stall: {a_minute:.0f} people a minute, JavaScript {javascript}\n")
    clerk.sees(f"今日 {PEOPLE} 笔，共 {20 * PEOPLE} 朵")
    assert a_minute >= AT_LEAST_A_MINUTE
    assert clerk.spill() <= 0
