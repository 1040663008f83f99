"""Daily feedback on pages: a holder's form and month, the answering list, who is missing, and photos."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.service import feedback_reading as reading
from ledger.service.feedback import NOTHING, answer_feedback
from tests.ledger.service.feedback_giving import give, leader, photo
from tests.stories import street_officer


@pytest.fixture
def ding(day):
    return leader(day.place)


def said(day, **more):
    today = clock.today().isoformat()
    return {"unit_id": day.place.micro_grid.id.hex, "date": today, "category": "safety", "text": "路灯坏了"} | more


def test_nothing_to_report_is_one_tap_from_the_home(day, visit, ding):
    browser = visit(ding)
    browser.get("./")
    assert "今天还没反馈" in browser.words
    browser.get("./feedback")
    assert "今天没有情况" in browser.words
    asked = {name: browser.value(name) for name in ("unit_id", "date", "nothing")}
    browser.post("./feedback", follow=True, **asked)
    assert "已反馈 没有情况" in browser.words
    browser.get("./")
    assert "今天还没反馈" not in browser.words
    assert "消息 反馈" in browser.words


def test_who_holds_no_post_is_told_so_and_has_no_link(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./")
    assert "消息 反馈" not in browser.words
    browser.get("./feedback")
    assert "您现在没有岗位" in browser.words
    assert browser.post("./feedback", **said(day)).status_code == 403


def test_words_and_photos_are_given_seen_and_answered(day, visit, ding):
    browser = visit(ding)
    browser.get("./feedback")
    assert browser.post("./feedback", **said(day, text="")).status_code == 422
    assert browser.post("./feedback", **said(day, date="2026-01-01")).status_code == 409
    assert "只能反馈今天或昨天的情况" in browser.words
    files = [(io.BytesIO(photo()), "a.jpg"), (io.BytesIO(photo(kind="PNG")), "b.png")]
    browser.post("./feedback", follow=True, **said(day, photos=files))
    assert "路灯坏了" in browser.words
    desk = visit(day.place.coordinator)
    desk.get("./office")
    assert "反馈等答复" in desk.words
    desk.get("./feedback/all")
    pictures = re.findall(r'src="([^"]+\.jpg)"', desk.page)
    assert len(pictures) == 2
    shown = desk.get(pictures[0])
    assert (shown.mimetype, shown.headers["Cache-Control"], shown.headers["X-Content-Type-Options"]) == (
        "image/jpeg", "no-store", "nosniff",
    )  # fmt: skip
    assert visit(day.place.volunteer()).get(pictures[0]).status_code == 403
    [path] = re.findall(r'action="([^"]+/answer)"', desk.page)
    assert desk.post(path, answer="").status_code == 422
    desk.post(path, answer="明天有人来修", follow=True)
    assert "这样筛选没有反馈" in desk.words, "nothing waits any more"
    browser.get("./notices")
    [address] = re.findall(r'href="([^"]+/feedback/[0-9a-f]{32})"', browser.page)
    browser.get(address)
    assert "明天有人来修" in browser.words


def test_what_is_no_photo_and_a_fourth_one_are_refused_with_the_words_kept(day, visit, ding):
    browser = visit(ding)
    browser.get("./feedback")
    assert browser.post("./feedback", **said(day, photos=[(io.BytesIO(b"<svg/>"), "a.jpg")])).status_code == 409
    assert "这个文件不是能用的照片" in browser.words
    assert "路灯坏了" in browser.words
    four = [(io.BytesIO(photo()), f"{number}.jpg") for number in range(4)]
    assert browser.post("./feedback", **said(day, photos=four)).status_code == 409
    assert reading.list_feedback(ding.actor, is_mine=True) == []


def test_overdue_ones_stand_first_with_a_mark(day, visit, ding):
    give(day.place, ding)
    clock.advance(hours=25)
    give(day.place, leader(day.place, "李大姐"))
    browser = visit(day.place.admin)
    browser.get("./feedback/all")
    assert browser.words.index("丁大姐") < browser.words.index("过期未答") < browser.words.index("李大姐")


def test_the_list_is_narrowed_by_status_part_and_day(day, visit, ding):
    beside = day.place.grid_beside()
    row = give(day.place, ding)
    answer_feedback(day.place.admin.actor, row.id, answer="收到了")
    give(day.place, leader(day.place, "李大姐"), NOTHING)
    today = clock.today()
    browser = visit(day.place.admin)
    found = {
        "status=": {"丁大姐", "李大姐"},
        "status=answered": {"丁大姐"},
        f"status=&unit_id={day.place.grid.id.hex}&date={today}": {"丁大姐", "李大姐"},
        f"status=&unit_id={beside.id.hex}": set(),
        f"status=&date={today - timedelta(days=1)}": set(),
    }
    for query, names in found.items():
        browser.get(f"./feedback/all?{query}")
        assert {name for name in ("丁大姐", "李大姐") if name in browser.words} == names, query


def test_the_missing_are_excused_by_a_press_for_today_or_another_day(day, visit, ding):
    browser = visit(day.place.staff(Role.COORDINATOR, unit=day.place.grid))
    browser.get("./office")
    assert "今天还没反馈" in browser.words
    browser.get("./feedback/all")
    assert "第一网格（1）" in browser.words
    [who] = re.findall(r'name="who" value="([^"]+)"', browser.page)
    today = clock.today()
    assert browser.post("./feedback/excuses", who=who, day="2199-01-01").status_code == 409
    browser.post("./feedback/excuses", who=who, day=today.isoformat(), follow=True)
    assert "都反馈了，或登记了请假" in browser.words
    holder = visit(ding)
    holder.get("./feedback")
    assert "请假" in holder.words


def test_the_month_says_given_and_not_yet(day, visit, ding):
    clock.advance(days=1)
    row = give(day.place, ding)
    browser = visit(ding, language="en")
    browser.get("./feedback")
    assert "Not yet" in browser.words
    assert f"/feedback/{row.id.hex}" in browser.page
    assert browser.get("./feedback?month=2026-01").status_code == 200


def test_the_street_sees_masked_names_and_answers_nothing(day, visit, ding):
    row = give(day.place, ding)
    browser = visit(street_officer(day.place.community))
    browser.get("./feedback/all")
    assert "丁*姐" in browser.words
    assert "丁大姐" not in browser.words
    assert "/answer" not in browser.page
    assert "登记请假" not in browser.words
    assert browser.post(f"./feedback/{row.id.hex}/answer", answer="好").status_code == 403


def test_the_desk_is_for_staff_of_the_part(day, visit, ding):
    row = give(day.place, ding)
    for other in (ding, day.place.treasurer):
        assert visit(other).get("./feedback/all").status_code == 403
    assert visit(day.place.treasurer).get(f"./feedback/{row.id.hex}").status_code == 403
    browser = visit(day.place.admin)
    browser.get(f"./feedback/{row.id.hex}")
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    browser.post("./feedback/excuses", who=f"{ding.member_id.hex}.{day.place.micro_grid.id.hex}", day=tomorrow)
    [excused] = reading.list_feedback(day.place.admin.actor, status=reading.Wanted.EXCUSED)
    assert excused.feedback.day.isoformat() == tomorrow
