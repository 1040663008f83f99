"""What every page for a hand keeps to: narrow screens, large type, dark, no script needed, no foreign host."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ledger.core import clock
from tests.browser.people import Person
from tests.browser.town import Town
from tests.stories import Neighbour, next_phone

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

NARROWEST = {"width": 320, "height": 640}

SMALLEST_TEXT = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let smallest = [999, ""];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const box = walker.currentNode.parentElement;
    if (!text || !box.getClientRects().length) continue;
    const size = parseFloat(getComputedStyle(box).fontSize);
    if (size < smallest[0]) smallest = [size, text];
  }
  return smallest;
}"""

SMALL_TARGETS = """() => [...document.querySelectorAll("main .btn, main .row, .tabs a")]
  .filter((one) => one.getBoundingClientRect().height < 60).map((one) => one.textContent.trim())"""


def pages_of(town: Town, volunteer: Neighbour) -> list[str]:
    """Every page of a volunteer who has a service and a redemption of each kind."""
    street = town.street
    bought, reserved = street.buy(volunteer), street.reserve(volunteer)
    return [
        town.poster,
        town.shop_poster,
        "./",
        "./checkins",
        "./my-code",
        "./rewards",
        "./redemptions",
        "./statement",
        f"./redemptions/{bought.id.hex}",
        f"./redemptions/{reserved.id.hex}",
    ]


@pytest.fixture
def volunteer(town: Town) -> Neighbour:
    return town.street.volunteer(name="阿依古丽·买买提江")


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_nothing_is_wider_than_a_screen_of_320_pixels_in_either_size(town, take, volunteer, language):
    person = take(volunteer, language=language)
    person.page.set_viewport_size(NARROWEST)
    wide = []
    for path in pages_of(town, volunteer):
        for size in ("", "large"):
            person.choose("size", size)
            person.open(path)
            wide += [(path, size)] if person.spill() else []
    assert wide == []


def test_in_large_type_no_text_is_smaller_than_18_pixels_and_no_target_lower_than_60(town, take, volunteer):
    person = take(volunteer)
    person.choose("size", "large")
    small: list[tuple[object, ...]] = []
    for path in ["/sign-in", "/", *pages_of(town, volunteer)]:
        person.open(path)
        size, text = person.page.evaluate(SMALLEST_TEXT)
        small += [(path, size, text)] if size < 18 else []
        small += [(path, target) for target in person.page.evaluate(SMALL_TARGETS)]
    assert small == []


def test_the_check_in_page_is_one_answer_of_at_most_14_kb_with_its_style_inside(town, take):
    person = take()
    person.open(town.poster)
    page = person.requests[0].response().body()
    assert len(gzip.compress(page)) <= 14 * 1024
    assert len(person.page.locator("style").text_content().encode()) <= 6 * 1024
    assert person.page.locator("script, link[rel=stylesheet]").count() == 0
    # Besides the page the browser may fetch its icon; nothing is waited for.
    later = {request.url.partition("?")[0].rpartition("/")[2] for request in person.requests[1:]}
    assert later <= {"flower.svg", "flower-180.png", "app.webmanifest"}


def test_a_returning_volunteer_checks_in_by_one_press(town, take, volunteer):
    person = take(volunteer, javascript=False)
    person.open(town.poster)
    person.press("签到")
    person.sees("签到成功")


def test_large_type_and_language_are_chosen_on_the_page_itself(town, take):
    person = take(javascript=False)
    person.open(town.poster)
    person.press("大字")
    assert person.page.locator("html.large").count() == 1
    person.press("EN")
    person.sees("Your phone number")
    assert person.page.url.endswith(town.poster)


def test_a_refusal_is_announced_with_what_to_do(town, take, volunteer):
    person = take(volunteer, javascript=False)
    person.open(town.poster)
    clock.advance(minutes=11)
    person.press("签到")
    alert = person.page.get_by_role("alert")
    expect(alert).to_contain_text("扫码已过期。")
    expect(alert).to_contain_text("请重新扫描现场的二维码")


def test_the_fields_are_those_that_a_phone_fills_by_itself(town, take):
    person = take()
    person.open(town.poster)
    assert person.page.locator("#phone").get_attribute("autocomplete") == "tel"
    person.type_in("phone", next_phone())
    person.press("获取验证码")
    assert person.page.locator("#code").get_attribute("autocomplete") == "one-time-code"


def test_with_a_script_the_countdown_of_the_code_runs(town, take, volunteer):
    person = take(volunteer)
    person.open("./my-code")
    person.press("显示我的码")
    countdown = person.page.locator("[data-countdown]")
    expect(countdown).to_contain_text("秒内有效")
    expect(countdown).not_to_have_text("60 秒内有效")
