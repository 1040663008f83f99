"""Corrections and childhood on pages: asked under my data, decided by staff, and what a guardian sees."""

from __future__ import annotations

import re
from datetime import timedelta

from ledger.core import clock
from ledger.people import children, consents, corrections, helping, members
from ledger.people.correction_models import About
from ledger.people.helping_models import Relation
from ledger.people.models import Purpose


def actions(browser, ending):
    return re.findall(rf'action="([^"]+/{ending})"', browser.page)


def test_a_member_asks_and_takes_it_back(day, visit):
    browser = visit(day.place.volunteer())
    browser.get("./my-data")
    assert browser.post("./corrections", about="name", wanted="").status_code == 422
    assert browser.post("./corrections", about="name", wanted="长" * 81).status_code == 422
    browser.post("./corrections", about="name", wanted="林秀芬", note="身份证", follow=True)
    assert "等待答复" in browser.words
    assert "林秀芬" in browser.words
    [path] = actions(browser, "withdraw")
    browser.post(path, follow=True)
    assert "已撤回" in browser.words


def test_staff_see_it_on_their_desk_and_correct_the_name(day, visit):
    lin = day.place.volunteer()
    corrections.ask_correction(lin.actor, About.NAME, "林秀芬")
    browser = visit(day.place.admin)
    browser.get("./office")
    assert "更正等答复" in browser.words
    browser.get("./corrections")
    [path] = actions(browser, "make")
    browser.post(path, follow=True)
    assert "已更正" in browser.words
    assert members.describe_members(day.place.id, [lin.member_id])[lin.member_id].name == "林秀芬"
    member = visit(lin)
    member.get("./my-data")
    assert "已更正" in member.words


def test_staff_say_why_it_stays(day, visit):
    lin = day.place.volunteer()
    corrections.ask_correction(lin.actor, About.PLACE, "东门网格")
    browser = visit(day.place.admin)
    browser.get("./corrections")
    assert "微网格" in browser.words, "the places to choose from"
    [path] = actions(browser, "refuse")
    assert browser.post(path, answer="").status_code == 422
    browser.post(path, answer="以户口本为准", follow=True)
    assert "没有更正" in browser.words
    member = visit(lin)
    member.get("./my-data")
    assert "以户口本为准" in member.words


def test_the_list_is_for_whoever_manages_people(day, visit):
    assert visit(day.place.stamper).get("./corrections").status_code == 403
    assert "没有更正要求" in visit(day.place.admin).get("./corrections").text


def test_a_child_says_so_and_its_guardian_decides(day, visit):
    pupil, mother = day.place.volunteer("小明"), day.place.volunteer("王芳")
    browser = visit(pupil)
    browser.get("./my-data")
    assert browser.post("./my-data/childhood", until=(clock.today() - timedelta(days=1)).isoformat()).status_code == 422
    browser.post("./my-data/childhood", until=(clock.today() + timedelta(days=90)).isoformat(), follow=True)
    assert "由监护人替您决定" in browser.words
    browser.get("./helpers")
    assert "是监护人" in browser.words
    link = day.place.helper_link(pupil, mother, Relation.PARENT, is_guardian=True)
    helping.agree(mother.actor, link.id)
    guardian = visit(mother)
    guardian.get(f"./helped/{pupil.member_id.hex}")
    assert "您替孩子同意的事" in guardian.words
    [path, *_] = actions(guardian, "consents")
    guardian.post(path, purpose="publication", given="true", follow=True)
    assert Purpose.PUBLICATION in consents.given_by(pupil.person_id)
    assert browser.post(path, purpose="location", given="true").status_code == 403


def test_staff_enter_and_clear_the_birthday(day, visit):
    pupil = day.place.volunteer("小明")
    browser = visit(day.place.admin)
    address = f"./members/{pupil.member_id.hex}"
    browser.get(f"{address}/helpers")
    birthday = clock.today() + timedelta(days=90)
    browser.post(f"{address}/childhood", until=birthday.isoformat(), follow=True)
    assert "还没有监护人" in browser.words
    assert browser.post(f"{address}/childhood", until="2099-01-01").status_code == 422
    browser.post(f"{address}/childhood", until="", follow=True)
    assert children.see_childhood(day.place.admin.actor, pupil.member_id).until is None
