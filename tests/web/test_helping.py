"""The pages of helpers: one's own, and any member's for staff."""

from __future__ import annotations

import re

import pytest

from ledger.people import helping, members
from ledger.people.consents import give
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
from ledger.people.models import Purpose
from tests.stories import neighbour, next_phone, open_neighbourhood


def register(place, lin, daughter):
    return helping.name_helper(
        place.admin.actor,
        lin.member_id,
        found=Found(daughter.member_id),
        relation=Relation.CHILD,
        note="在家中口头同意",
        is_in_presence=True,
    )


def button(browser, step):
    return re.findall(rf'action="([^"]+/helpers/[0-9a-f]{{32}}/{step})"', browser.page)[0]


@pytest.mark.parametrize(("language", "words"), [("zh", "谁可以替我办"), ("en", "Who may act for me")])
def test_home_leads_to_the_helpers(day, visit, language, words):
    browser = visit(day.place.volunteer(), language=language)
    browser.get("./")
    assert f'href="{browser.root}/helpers"' in browser.page
    browser.get("./helpers")
    assert words in browser.words


def test_a_member_asks_a_relative_who_agrees_and_either_ends_it(day, visit):
    place, phone = day.place, next_phone()
    made = members.add_member(place.admin.actor, "林小燕", phone=phone)
    give(made.person_id, [Purpose.SERVICE])
    lin, daughter = place.volunteer(), neighbour(place.id, "林小燕", made.person_id, made.id)
    mine, theirs = visit(lin), visit(daughter)
    mine.get("./helpers")
    mine.post("./helpers", name="林小燕", phone=phone, relation="child", follow=True)
    assert "林小燕 子女" in mine.words
    assert "等待同意" in mine.words
    theirs.get("./notices")
    assert "有人请您做代办人" in theirs.words
    theirs.get("./helpers")
    theirs.post(button(theirs, "agree"), follow=True)
    assert "替 林秀芳 办 子女" in theirs.words
    mine.get("./helpers")
    assert "可以代办" in mine.words
    mine.post(button(mine, "end"), follow=True)
    assert "已结束" in mine.words


def test_what_is_wrong_stands_beside_the_field_and_an_unknown_name_above(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./helpers")
    assert browser.post("./helpers", name="林小燕", phone="12", relation="child").status_code == 422
    answer = browser.post("./helpers", name="林小燕", phone="13900000001", relation="child")
    assert answer.status_code == 409
    assert "本社区没有这位居民" in browser.words


def test_staff_register_a_helper_in_presence_and_read_the_history(day, visit):
    place, phone = day.place, next_phone()
    lin = place.volunteer()
    members.add_member(place.admin.actor, "林小燕", phone=phone)
    browser = visit(place.coordinator)
    browser.get("./members")
    path = f"{browser.root}/members/{lin.member_id.hex}/helpers"
    assert f'href="{path}"' in browser.page
    browser.get(path)
    assert browser.post(path, name="林小燕", phone=phone, relation="child", is_in_presence="true").status_code == 422
    browser.post(path, name="林小燕", phone=phone, relation="child", is_in_presence="true", note="在家中", follow=True)
    assert "当面登记 · 在家中" in browser.words
    browser.post(button(browser, "end"), follow=True)
    assert "没有同意" in browser.words


def test_a_stamper_sees_and_does_not_register(day, visit):
    lin, daughter = day.place.volunteer(), day.place.volunteer("林小燕")
    register(day.place, lin, daughter)
    browser = visit(day.place.stamper)
    browser.get(f"./members/{lin.member_id.hex}/helpers")
    assert "林小燕" in browser.words
    assert "登记代办人" not in browser.words


def test_others_helpers_are_nobodys_business(day, visit):
    lin, daughter = day.place.volunteer(), day.place.volunteer("林小燕")
    link = register(day.place, lin, daughter)
    browser = visit(day.place.volunteer("邻居"))
    assert browser.get(f"./members/{lin.member_id.hex}/helpers").status_code == 403
    for step in ("agree", "end"):
        assert browser.post(f"./helpers/{link.id.hex}/{step}").status_code == 403
    stranger = visit(open_neighbourhood("北塔社区").admin)
    assert stranger.get(f"/c/{day.place.id.hex}/helpers").status_code == 404
