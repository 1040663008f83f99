"""The inbox on pages, and the slips that staff print."""

from __future__ import annotations

import re

import pytest

from ledger.core.db import atomic
from ledger.people import members
from ledger.people.notices import declare, tell
from tests.stories import open_neighbourhood

TOLD = declare("test.page", zh="记了 {points} 朵。", en="{points} points were written.")


def said(person, points: int = 3, **facts) -> None:
    atomic(tell)(person.community_id, person.person_id, TOLD, points=points, **facts)


@pytest.mark.parametrize(("language", "words"), [("zh", "1 条新消息"), ("en", "1 new notice")])
def test_home_says_how_many_are_new_and_leads_there(day, visit, language, words):
    person = day.place.volunteer()
    browser = visit(person, language=language)
    browser.get("./")
    assert words not in browser.words
    said(person)
    browser.get("./")
    assert words in browser.words
    assert f'href="{browser.root}/notices"' in browser.page


@pytest.mark.parametrize(("language", "words"), [("zh", "记了 3 朵。"), ("en", "3 points were written.")])
def test_the_inbox_speaks_the_readers_language_and_names_who_acted(day, visit, language, words):
    person = day.place.volunteer()
    said(person, by=day.place.admin.person_id.hex)
    browser = visit(person, language=language)
    browser.get("./notices")
    assert words in browser.words
    assert "李社工" in browser.words


def test_a_press_reads_one_or_all(day, visit):
    person = day.place.volunteer()
    for points in (1, 2):
        said(person, points)
    browser = visit(person)
    browser.get("./notices")
    [one, *_] = re.findall(r'action="([^"]+/notices/[0-9a-f]{32}/read)"', browser.page)
    browser.post(one, follow=True)
    assert "1 条新消息" in browser.words
    browser.post("./notices/read", follow=True)
    assert "新消息" not in browser.words


def test_a_notice_leads_to_what_it_is_about(day, visit):
    person = day.place.volunteer()
    visited = day.arrive(person)
    said(person, checkin_id=visited.id.hex)
    browser = visit(person)
    browser.get("./notices")
    assert f"/checkins/{visited.id.hex}" in browser.page


def test_an_empty_inbox_says_what_will_stand_there(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./notices")
    assert "还没有消息" in browser.words


def test_staff_print_slips_for_who_has_no_phone(day, visit):
    elder = members.add_member(day.place.admin.actor, "王奶奶", unit_id=day.place.micro_grid.id)
    atomic(tell)(day.place.id, elder.person_id, TOLD, points=3)
    browser = visit(day.place.coordinator)
    browser.get("./members")
    assert f'href="{browser.root}/notices/paper"' in browser.page
    browser.get("./notices/paper")
    assert "王奶奶" in browser.words
    browser.post("./notices/paper", notice_ids=browser.value("notice_ids"), follow=True)
    assert "没有要送的通知" in browser.words


def test_volunteers_print_nothing_and_read_only_their_own(day, visit):
    said(day.place.volunteer("邻居"))
    browser = visit(day.place.volunteer())
    assert browser.get("./notices/paper").status_code == 403
    browser.get("./notices")
    assert "记了" not in browser.words


def test_a_stranger_finds_no_inbox_here(day, visit):
    stranger = open_neighbourhood("北塔社区").volunteer()
    assert visit(stranger).get(f"/c/{day.place.id.hex}/notices").status_code == 404
