"""The main journeys without a mouse, and what people ask of their own device: no motion, colours of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.core import clock
from ledger.service.checkins import Kind, Via, record_checkin
from tests.browser.people import Person
from tests.browser.town import Town

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

MOST_TABS = 80

FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return [one.getAttribute("aria-label") || one.innerText || one.id || "",
          style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""

WITHOUT_AN_EDGE = """() => [...document.querySelectorAll("main .btn")]
  .filter((one) => parseFloat(getComputedStyle(one).borderTopWidth) < 1).map((one) => one.innerText)"""


def reach(person: Person, words: str) -> None:
    """The key Tab leads to what says this, and one sees at each step where one is."""
    for _ in range(MOST_TABS):
        person.page.keyboard.press("Tab")
        said, is_seen = person.page.evaluate(FOCUSED)
        assert is_seen, f"nobody sees that the focus is on {said!r}"
        if words in said:
            return
    raise AssertionError(f"no way by keyboard to {words!r} on {person.page.url}")


def enter(person: Person, words: str) -> None:
    reach(person, words)
    person.page.keyboard.press("Enter")


def test_checking_in_and_paying_at_a_shop_by_keyboard_alone(town: Town, take: Take) -> None:
    member = take(town.street.volunteer(60))
    member.open(town.poster)
    enter(member, "签到")
    member.sees("签到成功")
    member.open(town.shop_poster)
    enter(member, "全麦面包")
    member.sees("确认后还剩")
    enter(member, "确认，付 20 朵给 麦香面包")
    member.sees("兑换成功")


def test_stamping_by_keyboard_alone_and_the_first_key_jumps_over_the_rail(town: Town, take: Take) -> None:
    lin, via = town.street.place.volunteer(), Via(poster_code=town.patrol.poster_code)
    record_checkin(lin.actor, town.patrol.id, kind=Kind.IN, via=via)
    clock.advance(hours=2)
    record_checkin(lin.actor, town.patrol.id, kind=Kind.OUT, via=via)
    stamper = take(town.street.place.stamper, desk=True)
    stamper.open("./stamps")
    stamper.page.keyboard.press("Tab")
    assert stamper.page.evaluate(FOCUSED)[0] == "跳到正文"
    stamper.page.keyboard.press("Enter")
    enter(stamper, "预览并盖章")
    stamper.sees("将要盖章")
    enter(stamper, "盖章，发出 40 朵")
    stamper.sees("盖好了")


def test_nothing_moves_for_who_asked_for_no_motion_and_buttons_keep_their_edge_in_forced_colours(
    town: Town, take: Take
) -> None:
    member = take(town.street.volunteer(60))
    member.page.emulate_media(reduced_motion="reduce", forced_colors="active")
    for path in (town.poster, "./", "./my-code", town.shop_poster):
        member.open(path)
        assert member.page.evaluate("() => document.getAnimations().length") == 0
        assert member.page.evaluate(WITHOUT_AN_EDGE) == []
