"""A list of five hundred in a browser: its bad rows are told, and mended it becomes members by two people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ledger.core.db import db
from ledger.people import members
from tests.browser.people import Person
from tests.browser.town import Town
from tests.stories import Neighbourhood

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

ROWS = 500
BAD = {12: "甲,123,第一网格", 202: ",13922222222,第一网格", 501: "丙,,月球"}
"""By their number in the file, where 1 is the headings."""


def list_of(bad: dict[int, str]) -> bytes:
    rows = [bad.get(number, f"居民{number},{15_000_000_000 + number},第一网格") for number in range(2, ROWS + 2)]
    return "\r\n".join(["姓名,手机,单元", *rows]).encode("gb18030")


def upload(person: Person, content: bytes) -> None:
    person.open("./imports")
    person.page.select_option("#kind", "members")
    person.page.set_input_files("#file", {"name": "居民名单.csv", "mimeType": "text/csv", "buffer": content})
    person.press("上传并核对")


def count_imported(place: Neighbourhood) -> int:
    db.session.rollback()
    return sum(name.startswith("居民") for name in names_of(place))


def names_of(place: Neighbourhood) -> list[str]:
    return [one.name for one, _ in members.list_members(place.admin.actor, limit=2 * ROWS)]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_three_bad_rows_are_told_then_mended_and_a_second_person_takes_the_list(
    town: Town, take: Take, javascript: bool
) -> None:
    place = town.street.place
    admin, treasurer = (take(one, desk=True, javascript=javascript) for one in (place.admin, place.treasurer))
    upload(admin, list_of(BAD))
    admin.sees("有 3 处问题，什么都不会导入")
    told = [row.inner_text().split("\t") for row in admin.page.locator("main tbody tr").all()[:3]]
    assert [[cell.strip() for cell in row] for row in told] == [
        ["12", "手机号", "不是 11 位手机号。"],
        ["202", "姓名", "不能空着。"],
        ["501", "住在", "没有这个网格或楼栋。"],
    ]
    assert admin.page.get_by_role("button", name="请第二人同意").count() == 0
    assert count_imported(place) == 0
    upload(admin, list_of({}))
    admin.sees("500 行都可以导入")
    admin.press("请第二人同意")
    admin.sees("等第二人同意")
    assert count_imported(place) == 0
    treasurer.open("./imports")
    treasurer.page.get_by_role("link", name="居民名单.csv").first.click()
    treasurer.page.get_by_role("button", name="同意，全部导入").click()
    treasurer.sees("已导入 500 行")
    assert count_imported(place) == ROWS
    admin.open("./members?search=居民501")
    expect(admin.page.locator("main")).to_contain_text("居民501")


def test_long_work_shows_that_it_is_under_way_until_the_answer_is_there(town: Town, take: Take) -> None:
    admin = take(town.street.place.admin, desk=True)
    admin.open("./imports")
    sign = admin.page.get_by_role("progressbar", name="正在核对文件，请等一等…")
    expect(sign).to_be_hidden()
    # Playwright looks at nothing while a page is left: what is sent stays here, and the page is asked for again.
    admin.page.evaluate("document.addEventListener('submit', (sent) => sent.preventDefault())")
    admin.page.select_option("#kind", "members")
    admin.page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": list_of({})})
    admin.press("上传并核对")
    expect(sign).to_be_visible()
    admin.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(sign).to_be_hidden()
