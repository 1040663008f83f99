"""The year's commendation in a browser, from its criteria in December to the certificate that anybody verifies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import expect

from ledger.core import clock
from ledger.recognition.commendation_models import CommendationState
from tests.browser.people import Person
from tests.ledger.recognition.commending import Commended, open_commendation
from tests.stories import Neighbour

pytestmark = pytest.mark.browser

MONDAY = datetime(2026, 12, 7, 2, 0, tzinfo=UTC)
"""Ten in the morning of a working day."""


@pytest.fixture
def year(context: Flask, address: str) -> Iterator[Commended]:
    """Four people served in November; in December the commendation of their year has a draft."""
    try:
        told = open_commendation(CommendationState.DRAFT)
        clock.move_to(MONDAY)
        yield told
    finally:
        clock.move_to(None)


def test_from_the_criteria_to_a_verified_certificate(year: Commended, take: Callable[..., Person]) -> None:
    page = f"./commendations/{year.id.hex}"

    def at(neighbour: Neighbour, *, desk: bool = True) -> Person:
        person = take(neighbour, desk=desk)
        person.open(page)
        return person

    admin = at(year.admin)
    count_save_and_open(admin)
    coordinator = at(year.coordinator, desk=False)
    for name in ("林秀芳", "陈刚"):
        nominate(coordinator, name)
    for reviewer in (at(year.supervisor), at(year.officer)):
        speak_for_both(reviewer)
    admin.page.reload()
    admin.press("公示名单")
    admin.sees("公示中", "对名单有意见")
    stranger = take(language="en-GB")
    stranger.root = admin.root
    stranger.open(page)
    object_to_one(stranger)
    admin.page.reload()
    admin.sees("时长不对", "等答复")
    admin.page.fill("[id^=answer-]", "核对过记录，时长没有错")
    admin.press("不成立，名单不变")
    admin.sees("已答复")
    year.wait()
    admin.page.reload()
    admin.press("固定名单")
    admin.sees("等监督员公布", "SHA-256")
    supervisor = at(year.supervisor, desk=False)
    supervisor.press("公布表彰")
    supervisor.sees("已公布")
    assert supervisor.spill() == 0
    verify(stranger, certificate_of(take(year.people["陈刚"])))


def count_save_and_open(admin: Person) -> None:
    """The criteria are counted before they are kept; then names may be put forward."""
    admin.type_in("hours", "3")
    admin.press("看看有多少个符合")
    admin.sees("现在有 0 个符合")
    admin.type_in("hours", "2")
    admin.press("看看有多少个符合")
    admin.sees("现在有 4 个符合")
    admin.press("保存条件")
    expect(admin.page.locator("#hours")).to_have_value("2")
    admin.press("开始提名")
    admin.sees("还没有提名")


def nominate(coordinator: Person, name: str) -> None:
    option = coordinator.page.locator("#subject_id option").filter(has_text=name)
    coordinator.page.select_option("#subject_id", option.get_attribute("value"))
    coordinator.type_in("reason", "全年随叫随到")
    coordinator.page.locator("form .btn").filter(has_text="提名").click()
    expect(coordinator.page.locator("ul.list b").filter(has_text=name)).to_be_visible()
    assert coordinator.spill() == 0


def speak_for_both(reviewer: Person) -> None:
    for number in range(2):
        row = reviewer.page.locator("li").filter(has_text="评审意见").nth(number)
        row.locator("[name=note]").fill("看过记录")
        row.locator("button").filter(has_text=re.compile("^赞成$")).click()
        expect(reviewer.page.locator("li small").filter(has_text="赞成：看过记录").nth(number)).to_be_visible()


def object_to_one(stranger: Person) -> None:
    """Nobody has to sign in; who did not agree to be published is masked."""
    stranger.sees("林秀芳", "陈*", "2 hours, 1 visit", "Announced to the end of 14 December 2026")
    assert "陈刚" not in stranger.page.content()
    stranger.page.select_option("#nomination_id", label="陈*")
    stranger.type_in("words", "时长不对")
    stranger.press("Send the objection")
    stranger.sees("Your objection was received")
    assert "时长不对" not in stranger.page.locator("main").inner_text()
    assert stranger.spill() == 0


def certificate_of(member: Person) -> str:
    """The number that stands on the member's own certificate."""
    member.open("./my/year")
    member.press("打开和打印")
    member.sees("荣誉证书", "陈刚")
    found = re.search(r"NH-[A-Z0-9-]+", member.page.inner_text("body"))
    assert found is not None
    return found[0]


def verify(stranger: Person, number: str) -> None:
    stranger.open(f"/verify/{number}")
    stranger.sees("This certificate is genuine", "陈*")
    assert stranger.spill() == 0
    other = "X" if number[-1] != "X" else "Y"
    stranger.open(f"/verify/{number[:-1]}{other}")
    stranger.sees("no such number")
