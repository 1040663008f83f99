"""Lists of the desk in a browser: whole words on narrow phones, several posters at once, and what was picked last."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.service.activities import ActivityPlan, plan_activity
from tests.browser.people import Person
from tests.browser.printed import sheets_of
from tests.browser.town import Town

pytestmark = pytest.mark.browser

BROKEN_WORDS = """() => {
  const broken = [];
  for (const button of document.querySelectorAll("main .btn")) {
    const walker = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      for (const found of node.textContent.matchAll(/[A-Za-z]+/g)) {
        const range = document.createRange();
        range.setStart(node, found.index);
        range.setEnd(node, found.index + found[0].length);
        if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) broken.push(found[0]);
      }
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", [320, 360, 390])
def test_no_word_on_a_button_of_the_desk_is_broken(town: Town, take: Callable[..., Person], width: int) -> None:
    person = take(town.street.place.admin, language="en-GB")
    person.page.set_viewport_size({"width": width, "height": 740})
    broken = []
    for path in ("./members", "./office", "./merchants", "./activities", "./settlements", "./funds", "./stamps"):
        person.open(path)
        broken += [(path, word) for word in person.page.evaluate(BROKEN_WORDS)]
    assert broken == []


def test_several_posters_are_printed_a_page_each(town: Town, take: Callable[..., Person]) -> None:
    admin = town.street.place.admin
    again = ActivityPlan(name="西门巡逻", place="西门", starts_at=town.patrol.starts_at, ends_at=town.patrol.ends_at)
    plan_activity(admin.actor, town.patrol.programme_id, unit_id=town.patrol.unit_id, plan=again)
    desk = take(admin, desk=True, javascript=False)
    desk.open("./activities")
    for box in desk.page.locator("input[name=activity_id]").all():
        box.check()
    desk.press("打印勾选的海报")
    desk.sees("东门巡逻", "西门巡逻")
    assert len(sheets_of(desk.page.pdf(prefer_css_page_size=True))) == 2


def test_a_list_looks_as_last_time_in_a_browser_without_scripts(town: Town, take: Callable[..., Person]) -> None:
    desk = take(town.street.place.admin, desk=True, javascript=False)
    desk.open("./activities")
    desk.page.select_option("#when", "coming")
    desk.press("筛选")
    desk.press("时间")
    desk.open("./office")
    desk.open("./activities")
    desk.sees("和上次一样的筛选和排序", "东门巡逻")
    assert desk.page.url.endswith("/activities?when=coming&sort=earliest&last=1")
    desk.press("看全部")
    desk.open("./activities")
    assert desk.page.url.endswith("/activities")
